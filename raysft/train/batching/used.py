"""What the steps of a stage used of a source: what was done, and not what the mixture asked for."""

from collections.abc import Sequence
from typing import NamedTuple

from raysft.identity import digest_lines
from raysft.records import UsedSource
from raysft.train.job import JobPortion


class ReadRow(NamedTuple):
    """One conversation of a mixture, fitted into the longest sequence."""

    tokens: int
    targets: int
    what: str
    """As in `FitResult`."""


def used_source(portion: JobPortion, rows: Sequence[ReadRow], times: Sequence[int]) -> UsedSource:
    """What came up of one source.

    Args:
        portion: what the mixture asks for.
        rows: its conversations, in the order of its ids.
        times: how often each of them came up, over all steps.

    Worked: 3 conversations in batches of 2 for 1 step are 2 conversations that came up once, and for 3 steps
    all 3, of which 2 came up twice: 5 presentations.
    """
    came_up = [place for place, often in enumerate(times) if often]
    # Of a source that repeats within an epoch a conversation has several places, and is counted once.
    distinct = {portion.ids[place]: rows[place] for place in came_up}.values()
    what = [one.what for one in distinct]
    return UsedSource(
        ability=portion.ability,
        conversations=len(distinct),
        tokens=sum(one.tokens for one in distinct),
        supervised_tokens=sum(one.targets for one in distinct),
        cut=what.count("cut"),
        split=what.count("split"),
        dropped=what.count("dropped"),
        ids_digest=digest_lines(sorted(portion.ids[place] for place in came_up)),
        asked=len(rows),
        presentations=sum(times),
        presented_tokens=sum(one.tokens * often for one, often in zip(rows, times, strict=True)),
        presented_supervised_tokens=sum(one.targets * often for one, often in zip(rows, times, strict=True)),
    )
