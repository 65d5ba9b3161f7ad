"""Answers of a run that tags, kept line by line beside the file that it will write.

Each line has the answers to one unit under the content address of all that defines them, so that answers of
another model, template, prompt or source are passed over. A line that a killed process left unfinished is cut
off. One process at a time has the file.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedRandom
from pathlib import Path
from typing import NamedTuple, get_args

from raysft.data.whole_files import explained
from raysft.errors import InputError, Problem
from raysft.evaluate.benchmark import End


class Said(NamedTuple):
    """What a model answered to one question."""

    text: str
    end: End


class KeptAnswers:
    """Answers by key, in a file that is open."""

    def __init__(self, path: Path, file: BufferedRandom) -> None:
        self._path, self._file = path, file
        self._known: dict[str, list[Said]] = {}
        good = 0
        for line in file:
            if not line.endswith(b"\n"):
                break
            good += len(line)
            self._known.update(_units(line))
        file.truncate(good)

    def take(self, key: str, count: int) -> list[Said] | None:
        """The answers to a unit of `count` questions, which are then forgotten; None if there are none."""
        found = self._known.pop(key, None)
        return found if found is not None and len(found) == count else None

    def add(self, key: str, answers: list[Said]) -> None:
        """Keep the answers to a unit.

        Raises:
            Unwritable: the disk is full.
        """
        line = json.dumps({"key": key, "answers": answers})
        with explained(self._path):
            self._file.write(f"{line}\n".encode())
            self._file.flush()
            os.fsync(self._file.fileno())


def partial_path(out: Path) -> Path:
    """Where the answers are kept while a file is being made."""
    return out.with_name(f"{out.name}.partial.jsonl")


@contextmanager
def kept_answers(path: Path) -> Iterator[KeptAnswers]:
    """The answers in a file, which is made if it is not there, and stays.

    Raises:
        InputError: another process has it, or it cannot be written.
    """
    try:
        file = path.open("a+b")
    except OSError as error:
        raise InputError([Problem("--out", str(path), error.strerror or "cannot be written")]) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError([Problem("--out", str(path), "another process is writing to it")]) from None
        file.seek(0)
        yield KeptAnswers(path, file)


def _units(line: bytes) -> Iterator[tuple[str, list[Said]]]:
    """The unit in a line; nothing if the line is damaged."""
    try:
        match json.loads(line):
            case {"key": str(key), "answers": list(answers)}:
                said = [Said(text, end) for text, end in answers]
                if all(isinstance(one.text, str) and one.end in get_args(End) for one in said):
                    yield key, said
    except (ValueError, TypeError, RecursionError):
        return
