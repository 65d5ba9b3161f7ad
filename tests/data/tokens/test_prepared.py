import pickle
import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.spooled import selected

from raysft.data.conversation import dialogue
from raysft.data.tokens.fitting import FATES, fit_length
from raysft.data.tokens.prepared import FILE, ROWS_PER_BATCH, SCHEMA, Prepared, prepared_fingerprint
from raysft.data.tokens.template import Encoded
from raysft.data.tokens.tokenise import prepare
from raysft.errors import DamagedArtifact
from raysft.spec.recipe import Recipe
from raysft.train.batching.corpus import read_corpus
from raysft.train.job import JobPortion, StageJob


@pytest.fixture
def folder(tokenizer_folder, tmp_path):
    prepare(
        selected((f"id-{k:05d}", dialogue("Go.", "x" * (k % 7 + 1))) for k in range(ROWS_PER_BATCH + 3)),
        tokenizer_folder,
        tmp_path,
    )
    return tmp_path


def test_counts_agree_with_the_rows(folder):
    prepared = Prepared.open(folder)
    rows = [prepared.row(position) for position in range(len(prepared))]
    assert len(rows) == ROWS_PER_BATCH + 3
    assert prepared.lengths.tolist() == [len(row.tokens) for row in rows]
    assert prepared.supervised_counts.tolist() == [sum(row.supervised) for row in rows]
    assert len(set(prepared.lengths.tolist())) > 1


def test_position_finds_every_id_and_no_other(folder):
    prepared = Prepared.open(folder)
    assert [prepared.position(one) for one in prepared.ids] == list(range(len(prepared)))
    assert prepared.position("id-01025") == 1025
    with pytest.raises(KeyError):
        prepared.position("id-99999")


def test_rows_hold_plain_values(folder):
    row = Prepared.open(folder).row(ROWS_PER_BATCH)
    assert {type(one) for one in row.tokens} == {int}
    assert {type(one) for one in row.supervised} == {bool}
    assert pickle.loads(pickle.dumps(row)) == row


def test_source_without_conversations_is_empty_and_no_error(tokenizer_folder, tmp_path):
    facts = prepare(selected([]), tokenizer_folder, tmp_path)
    prepared = Prepared.open(tmp_path)
    assert (
        facts.conversations == len(prepared) == len(prepared.lengths) == len(prepared.supervised_counts) == 0
    )


@pytest.mark.parametrize("data", [b"", b"no arrow file", None])
def test_damaged_file_is_named(folder, data):
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: len(whole) // 2] if data is None else data)
    with pytest.raises(DamagedArtifact, match=FILE):
        Prepared.open(folder)


def test_fingerprint_depends_on_each_part():
    parts = ("ids", "tokenizer", "template")
    changed = [tuple("x" if at == place else one for at, one in enumerate(parts)) for place in range(3)]
    assert len({prepared_fingerprint(*each) for each in [parts, *changed]}) == 4
    assert prepared_fingerprint(*parts) == prepared_fingerprint(*parts)


def random_row(rng):
    """A chat whose turns have any number of supervised tokens, none included; or a document."""
    if rng.random() < 0.2:
        length = rng.randint(1, 60)
        return Encoded(list(range(length)), [False] + [True] * (length - 1), [])
    supervised, ends = [], []
    for _ in range(rng.randint(1, 6)):
        supervised += [rng.random() < 0.1 for _ in range(rng.randint(1, 12))]
        supervised += [True] * rng.randint(0, 12)
        ends.append(len(supervised))
    supervised += [False] * rng.randint(0, 9)
    return Encoded(list(range(len(supervised))), supervised, ends)


def write_rows(folder, rows):
    with pa.OSFile(str(folder / FILE), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        for start in range(0, len(rows), ROWS_PER_BATCH):
            chosen = rows[start : start + ROWS_PER_BATCH]
            named = [f"{start + place:05d}" for place in range(len(chosen))]
            columns = [named, *([getattr(row, name) for row in chosen] for name in SCHEMA.names[1:])]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            writer.write_batch(pa.record_batch(arrays, schema=SCHEMA))
    return Prepared.open(folder)


def trained_counts(folder, ids, **recipe):
    """What `read_corpus` uses of each row: every row is a portion of its own."""
    job = StageJob(
        fingerprint="f" * 32,
        attempt="a",
        parent=folder,
        portions=tuple(JobPortion("x", folder, (one,)) for one in ids),
        recipe=Recipe(**recipe),
        seed=0,
        layout="packed",
        micro_batch_tokens=64,
        resume_every_s=1.0,
        store_url="",
    )
    _, used = read_corpus(job)
    return [one.tokens for one in used], [one.supervised_tokens for one in used]


@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 20),
    max_length=st.integers(8, 70),
    overflow=st.sampled_from(["cut", "split", "drop"]),
)
def test_fitted_counts_are_what_training_uses(seed, count, max_length, overflow):
    rng = random.Random(seed)
    rows = [*(random_row(rng) for _ in range(count)), Encoded([1, 2], [False, True], [2])]
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepared = write_rows(folder, rows)
        counts = prepared.fitted_counts(max_length, overflow)
        tokens, supervised = trained_counts(folder, prepared.ids, max_length=max_length, overflow=overflow)
    assert counts.tokens.tolist() == tokens
    assert counts.supervised.tolist() == supervised
    fates = [fit_length(row, max_length, overflow).what for row in rows]
    assert [FATES[one] for one in counts.fates] == fates
    assert [counts.count(one) for one in FATES] == [fates.count(one) for one in FATES]


def test_fitted_counts_over_several_batches(tmp_path):
    rng = random.Random(0)
    prepared = write_rows(tmp_path, [random_row(rng) for _ in range(ROWS_PER_BATCH + 200)])
    chosen = range(ROWS_PER_BATCH - 100, ROWS_PER_BATCH + 200)
    for overflow in ("cut", "split", "drop"):
        tokens, supervised, _ = prepared.fitted_counts(20, overflow)
        assert tokens.dtype == supervised.dtype == "int64"
        used = trained_counts(
            tmp_path, [prepared.ids[one] for one in chosen], max_length=20, overflow=overflow
        )
        assert (tokens[chosen].tolist(), supervised[chosen].tolist()) == used
