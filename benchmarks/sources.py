"""Time and memory of a large source: read, freed of copies, tokenised with the built-in world's tokenizer.

    python benchmarks/sources.py --rows 1000000
    python benchmarks/sources.py --rows 1000000 --near-duplicates --contamination

The conversations are made up: one question and one answer of about 25 and 15 words, every fiftieth row a copy
of an earlier one. Writing them is not timed. Memory is the peak of this process, and that of the largest
worker times their number, files that are mapped included.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from raysft.data.parallel import processes_for
from raysft.data.sources import load_source
from raysft.data.tokenise import WORTH, prepare
from raysft.spec.sweep import SweepSpec
from raysft.sweep.bases import WORLD_BASE

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
        with _timed("read"):
            source = load_source(_spec(folder, given), "x", {"benchmark": questions})
        print(f"{source.facts}, spool {source.trained.size / 1e6:.0f} MB")
        processes = given.processes or processes_for(source.trained.size, WORTH)
        with _timed(f"tokenised by {processes}"):
            facts = prepare(source.trained, WORLD_BASE, folder, processes)
        print(facts)
        _print_memory(processes)


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


def _spec(folder: Path, given: argparse.Namespace) -> SweepSpec:
    source: dict[str, object] = {
        "path": str(folder / "rows.jsonl"),
        "near_duplicates": {} if given.near_duplicates else None,
        "contamination": {} if given.contamination else None,
    }
    return SweepSpec.model_validate(
        {
            "name": "sources",
            "abilities": {"x": {"source": source}},
            "models": {"m": {"base": "world/base"}},
            "studies": {"one": {"model": "m", "strategy": "multi_task"}},
        }
    )


@contextmanager
def _timed(what: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - start:.0f} s; own peak {_peak(resource.RUSAGE_SELF):.2f} GB")


def _print_memory(processes: int) -> None:
    own, worker = _peak(resource.RUSAGE_SELF), _peak(resource.RUSAGE_CHILDREN)
    total = own + worker * (processes if processes > 1 else 0)
    print(f"peak: {own:.2f} GB here, {worker:.2f} GB in the largest worker, {total:.2f} GB together at most")


def _peak(who: int) -> float:
    """Largest resident memory so far in GB; Linux counts in KiB."""
    return resource.getrusage(who).ru_maxrss * 1024 / 1e9


if __name__ == "__main__":
    main()
