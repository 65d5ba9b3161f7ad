"""Time and memory of a large source: read, freed of copies, tokenised with the built-in world's tokenizer.

    python benchmarks/sources.py --rows 1000000
    python benchmarks/sources.py --rows 1000000 --near-duplicates --contamination

The conversations are made up: one question and one answer of about 25 and 15 words, every fiftieth row a copy
of an earlier one. Writing them is not timed. Memory is resident memory of this process and its workers
together, looked at every fifth of a second; libraries that they share count in each. (`getrusage` is of no
use for workers: what it says of a child is at least what its parent had when it started it.)

Seen for a million rows (194 MB, 101 million tokens) on two cores that other work shared, hence seconds of
processors beside the others:

    read                                   19 s of processors,  98 s,  0.74 GB
    ... near duplicates and contamination 100 s of processors, 257 s,  1.12 GB
    tokenised by 2 processes              171 s of processors, 465 s,  1.57 GB
"""

import argparse
import json
import resource
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil

from raysft.data.parallel import processes_for
from raysft.data.sources.pipeline import load_source
from raysft.data.tokens.tokenise import WORTH, prepare
from raysft.data.world import BASES
from raysft.spec.source import SourceSpec

WORDS = np.array(
    [first + last for first in ("re", "un", "ma", "to", "si") for last in "abcdefghijklmnopqrst"]
)


def main() -> None:
    """Make the rows, then read and tokenise them."""
    given = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = _write(folder / "rows.jsonl", given.rows)
        print(f"{given.rows} rows, {size / 1e6:.0f} MB of JSON Lines")
        # of a benchmark that no conversation holds
        questions = [_text(number) for number in range(10**9, 10**9 + 1500)]
        with _measured("read"):
            source = load_source("x", _spec(folder, given), str(folder), {"benchmark": questions})
        print(f"{source.facts}, spool {source.trained.size / 1e6:.0f} MB")
        processes = given.processes or processes_for(source.trained.size, WORTH)
        with _measured(f"tokenised by {processes}"):
            facts = prepare(source.trained, BASES["world/base"], folder, processes)
        print(facts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--processes", type=int, help="for tokenising; as many as there are cores unless said"
    )
    parser.add_argument("--near-duplicates", action="store_true")
    parser.add_argument("--contamination", action="store_true")
    return parser.parse_args()


def _write(path: Path, rows: int) -> int:
    rng = np.random.default_rng(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(rows):
            text = _text(int(rng.integers(number)) if number % 50 == 49 else number)
            file.write(json.dumps({"prompt": f"{text[:100]}?", "completion": f"{text[100:]}."}) + "\n")
    return path.stat().st_size


def _text(number: int) -> str:
    """Forty words that no other number has."""
    return " ".join(WORDS[np.random.default_rng(number).integers(len(WORDS), size=40)].tolist())


def _spec(folder: Path, given: argparse.Namespace) -> SourceSpec:
    return SourceSpec.model_validate(
        {
            "path": str(folder / "rows.jsonl"),
            "near_duplicates": {} if given.near_duplicates else None,
            "contamination": {} if given.contamination else None,
        }
    )


@contextmanager
def _measured(what: str) -> Iterator[None]:
    memory = _Memory()
    memory.start()
    start, processor = time.perf_counter(), _processor_seconds()
    try:
        yield
    finally:
        memory.over.set()
        memory.join()
    seconds, busy = time.perf_counter() - start, _processor_seconds() - processor
    print(f"{what}: {seconds:.0f} s, {busy:.0f} s of processors, at most {memory.most / 1e9:.2f} GB")


def _processor_seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


class _Memory(threading.Thread):
    """Looks how much memory this process and its workers hold together."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self.over = threading.Event()

    def run(self) -> None:
        """Until `over` is set."""
        this = psutil.Process()
        while not self.over.wait(0.2):
            held = 0
            for process in (this, *this.children(recursive=True)):
                # a worker may end between two looks
                with suppress(psutil.NoSuchProcess):
                    held += process.memory_info().rss
            self.most = max(self.most, held)


if __name__ == "__main__":
    main()
