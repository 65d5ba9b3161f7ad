"""Every error that raysft raises on purpose.

RaysftError
├── InputError            what the user gave is wrong; every problem at once; exit code 2
│   └── NoStore           there is no store where one is to be read
├── StoreError            the store cannot do what it must
│   └── DamagedArtifact   bytes in the store are not those that were written
├── ClusterError          the Ray cluster lacks something the sweep needs
├── StageFailed           a stage ended without weights; carries the class of its cause
├── OutOfMemory           a device cannot hold even one answer of a model
├── Unscored              an answer could not be graded for a reason outside the model
├── FetchFailed           a public file could not be fetched, or is another one
└── Unwritable            a file of the user cannot be written

All of them survive pickling between processes.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

FailureKind = Literal["infrastructure", "user", "not_finite", "out_of_memory"]


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with what the user gave."""

    field: str
    """Dotted path of the field, or `file:line` for a row of data."""
    value: str
    """The value as it was given."""
    remedy: str
    """What would be right."""

    def __str__(self) -> str:
        return f"{self.field}: {self.value}: {self.remedy}"


class RaysftError(Exception):
    """Root of the tree above."""


class InputError(RaysftError):
    """What the user gave is wrong; nothing was started and nothing is lost."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        """Every one, each once."""
        super().__init__("\n".join(told(self.problems)))

    def __reduce__(self) -> tuple[type["InputError"], tuple[tuple[Problem, ...]]]:
        return (type(self), (self.problems,))


_MOST_OF_A_FILE = 20
_MOST = 100
_ROW = re.compile(r"(.*):[0-9]+")


def told(problems: Sequence[Problem]) -> list[str]:
    """Problems as lines: the first 20 rows of each file, 100 of all others, then how many more there are."""
    lines: list[str] = []
    counts: Counter[str] = Counter()
    for problem in problems:
        row = _ROW.fullmatch(problem.field)
        group = row[1] if row else ""
        counts[group] += 1
        if counts[group] <= (_MOST_OF_A_FILE if group else _MOST):
            lines.append(str(problem))
    for group, count in counts.items():
        more = count - (_MOST_OF_A_FILE if group else _MOST)
        if more > 0:
            lines.append(f"{group}: and {more:,} more rows" if group else f"and {more:,} more problems")
    return lines


class NoStore(InputError):
    """There is no store where one is to be read."""


@contextmanager
def gathered(problems: list[Problem]) -> Iterator[None]:
    """Collect the problems of a block, to be raised with those of others."""
    try:
        yield
    except InputError as error:
        problems.extend(error.problems)


class StoreError(RaysftError):
    """The store cannot do what it must: no exclusive creation, no space, no permission."""


class DamagedArtifact(StoreError):
    """Bytes in the store are not those that were written."""


class ClusterError(RaysftError):
    """The Ray cluster lacks something the sweep needs; the message says how to add it."""


class StageFailed(RaysftError):
    """A stage ended without weights.

    Example: the loss of a stage became NaN at step 40; every point that continues from it is blocked.
    """

    def __init__(self, stage: str, kind: FailureKind, cause: str, attempts: int = 1) -> None:
        self.stage, self.kind, self.cause = stage, kind, cause
        self.attempts = attempts
        """How often its processes were started before it was given up."""
        super().__init__(f"stage {stage[:12]} failed ({kind}): {cause}")

    def __reduce__(self) -> tuple[type["StageFailed"], tuple[str, FailureKind, str, int]]:
        return (StageFailed, (self.stage, self.kind, self.cause, self.attempts))


class OutOfMemory(RaysftError):
    """The memory of a device does not hold even the smallest unit of its work."""


class Unscored(RaysftError):
    """An answer could not be graded for a reason outside the model, such as a judge that is down."""


class FetchFailed(RaysftError):
    """A public file could not be fetched, or is not the one that was expected."""


class Unwritable(RaysftError):
    """A file of the user cannot be written: no space, no permission, a file where a folder should be."""
