"""Answers as a Parquet file: `question` (string), `texts` and `ends` (list of strings, one per turn)."""

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pyarrow as pa
import pyarrow.parquet as pq

from raysft.errors import DamagedArtifact
from raysft.evaluate.benchmark import Answer, End

SCHEMA = pa.schema(
    [
        pa.field("question", pa.string(), nullable=False),
        pa.field("texts", pa.list_(pa.string()), nullable=False),
        pa.field("ends", pa.list_(pa.string()), nullable=False),
    ]
)


def write_answers(path: Path, answers: Sequence[Answer]) -> None:
    """Write answers, in their order.

    Half a surrogate pair, which no file in UTF-8 can hold, becomes U+FFFD.
    """
    columns = {
        "question": [_storable(answer.question) for answer in answers],
        "texts": [[_storable(text) for text in answer.texts] for answer in answers],
        "ends": [list(answer.ends) for answer in answers],
    }
    pq.write_table(pa.table(columns, schema=SCHEMA), path)


def read_answers(path: Path) -> list[Answer]:
    """Read answers, in their order.

    Raises:
        DamagedArtifact: the file is not what `write_answers` writes.
    """
    try:
        table = pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise DamagedArtifact(f"{path}: not a Parquet file: {error}") from error
    if not table.schema.equals(SCHEMA):
        raise DamagedArtifact(f"{path}: not a file of answers, its columns are {table.schema.names}")
    return [_answer(row, path) for row in table.to_pylist()]


def _answer(row: dict[str, object], path: Path) -> Answer:
    question, texts, ends = row["question"], row["texts"], row["ends"]
    if not isinstance(question, str) or not isinstance(texts, list) or not isinstance(ends, list):
        raise DamagedArtifact(f"{path}: a row without an answer")
    if len(texts) != len(ends) or not set(ends) <= set(get_args(End)):
        raise DamagedArtifact(f"{path}: {question}: {len(texts)} texts, which end by {ends}")
    return Answer(question, tuple(texts), tuple(ends))


def _storable(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
