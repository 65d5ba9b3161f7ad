"""How many malformed rows a source may leave out (`on_bad_row: skip`) before it is refused after all.

A file of which hardly a row can be read is another file than was meant; a few odd rows are not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from raysft.errors import Problem

SHOWN = 20
"""Problems of one source that are shown one by one."""
_FEW = 3
"""Bad rows that are no share of anything, as long as half of all rows are good."""
_EXAMPLES = 3


@dataclass
class RowCount:
    """The rows of a file, as far as they were read."""

    path: str
    rows: int = 0
    bad: int = 0


def beyond(most: Fraction, counts: Iterable[RowCount]) -> list[RowCount]:
    """The files with more bad rows than may be left out; or all of them in one, where none is bad by itself.

    Args:
        most: the largest share of bad rows; with 0 none at all may be left out.
        counts: of the files of a source.
    """
    files = list(counts)
    # files of a row or two, of which one is bad, are judged together
    few = _FEW if most else 0
    found = [one for one in files if one.bad > few and one.bad > most * one.rows]
    whole = RowCount(f"{len(files)} files", sum(one.rows for one in files), sum(one.bad for one in files))
    negligible = whole.bad <= few and 2 * whole.bad <= whole.rows
    if found or negligible or whole.bad <= most * whole.rows:
        return found
    return files if len(files) == 1 else [whole]


def too_many(name: str, most: Fraction, counts: Iterable[RowCount]) -> list[Problem]:
    """What is wrong with a source that leaves out more bad rows than it may; nothing if it does not.

    Args:
        name: field of the source in the sweep file.
        most: its `max_bad_rows`.
        counts: of its files.
    """
    return [
        Problem(
            f"{name}.max_bad_rows",
            str(most),
            f"{one.bad:,} of {one.rows:,} rows of {one.path} are bad ({one.bad / one.rows:.1%}); correct "
            "them, see whether it is the file that was meant, or allow a larger share",
        )
        for one in beyond(most, counts)
    ]


def examples(problems: Sequence[Problem], counts: Iterable[RowCount]) -> list[Problem]:
    """The first bad rows, to go with what `too_many` says."""
    bad = sum(one.bad for one in counts)
    shown = list(problems[:_EXAMPLES])
    more = Problem("raysft data check", f"and {bad - len(shown):,} more bad rows", "--json lists all of them")
    return [*shown, *([more] if bad > len(shown) else [])]
