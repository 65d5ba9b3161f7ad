"""What to read with care: scores that do not mean what they seem to mean."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from raysft.wording import counted

from .cells import Cell, columns_of, grids, usual_versions
from .labels import fixed, percent
from .scores import Column, Score, readings

MANY_SILENT = 0.5
"""Share of answers without an answer from which a score speaks of the format."""
MANY_CUT = 0.1
"""Share of answers cut off at the token limit from which the limit is worth a look."""
APART = 0.9
"""Share of the base's loss that the best cell must stay below for the losses to tell anything."""
FORM_GAP = 0.02
"""Difference of the strict and the flexible rate from which it is worth a look."""
FLOOR = 0.02
"""Share of the best value below which no cell of a benchmark can be told from none."""

Silence = Literal["format", "ability", "unknown"]
Say = Callable[[Score], str]
"""What there is to say about a score; empty for nothing."""


@dataclass(frozen=True)
class Note:
    """One thing to know before believing a number, with the cells that it concerns."""

    heading: str
    why: str
    lines: tuple[str, ...]


def notes(cells: Sequence[Cell]) -> list[Note]:
    """Every note that applies to these cells; none that concerns no cell."""
    candidates = (
        Note(
            "One seed: the recipe was not assessed",
            "The interval covers the choice of the items only. It says how this one model scores, not how "
            "another run of the same recipe would.",
            tuple(_one_seed(cells)),
        ),
        Note(
            "The format is lost rather than the ability",
            "At least half of the answers held nothing to grade, but the loss on the reference answers is "
            "nearer to that of the best cell than to that of the base.",
            tuple(_silent(cells, ("format",))),
        ),
        Note(
            "No answer to read",
            "At least half of the answers held nothing to grade, and the loss on the reference answers is "
            "no better than halfway to the best cell: the ability was not taught, or is gone too; or the "
            "losses cannot tell.",
            tuple(_silent(cells, ("ability", "unknown"))),
        ),
        _form(cells),
        Note(
            "Suspect benchmark (†)",
            "Not one answer could be read for at least one seed. The score says nothing about the ability.",
            tuple(_each(cells, lambda score: "" if not score.suspect else "not one answer could be read")),
        ),
        Note(
            "Several versions of the engine (‡)",
            "The answers behind these scores were given by another version of the engine's library than "
            "most. A comparison of one of them with another score mixes versions.",
            tuple(_other_versions(cells)),
        ),
        Note(
            "Other batches than most",
            "In the number format of these answers some depend on how many were written side by side, and "
            "memory held fewer here. A difference of one or two per cent of the items may come from that.",
            tuple(_other_batches(cells)),
        ),
        Note(
            "Unscored",
            "Some items could not be graded for a reason outside the model. They are left out, and are not "
            "0.",
            tuple(_unscored(cells)),
        ),
        Note(
            "Near the floor",
            "No cell reached 2% of a perfect model. Differences on this benchmark say nothing about "
            "strategies.",
            tuple(_floor(cells)),
        ),
        Note(
            "Cut off or crowded out",
            "At least a tenth of the answers ended at the token limit, or a tenth of the questions left no "
            "room in the context.",
            tuple(_each(cells, _short)),
        ),
    )
    return [note for note in candidates if note.lines]


def _form(cells: Sequence[Cell]) -> Note:
    return Note(
        "Right, but not in the form that is asked for",
        "The strict reading takes the form that is asked for, the flexible one any: the last number, or of "
        "MATH the final formula in any form. What lies between them is format, not ability: compare "
        "scores of like form.",
        tuple(_each(cells, _apart)),
    )


def silence(cell: Cell, score: Score, grid: Sequence[Cell]) -> Silence | None:
    """What a score with many unreadable answers means; None where answers could be read, and for the base.

    The format is lost where the loss on the reference answers lies nearer to that of the best cell of the
    same study and model than to that of the base. It cannot be told without both losses, or where they lie
    close together.
    """
    if cell.key.is_base or score.no_answer_rate is None or score.no_answer_rate < MANY_SILENT:
        return None
    best, base = _losses(grid, score.column)
    if score.reference_loss is None or best is None or base is None or best > APART * base:
        return "unknown"
    return "format" if score.reference_loss < (best + base) / 2 else "ability"


def _losses(grid: Sequence[Cell], column: Column) -> tuple[float | None, float | None]:
    """Loss on the reference answers of the best readable cell, and of the base."""
    scores = [(cell, score) for cell in grid if (score := cell.score(column.key)) and score.value is not None]
    base = next((score.reference_loss for cell, score in scores if cell.key.is_base), None)
    readable = [
        score
        for cell, score in scores
        if not cell.key.is_base
        and score.reference_loss is not None
        and (score.no_answer_rate or 0) < MANY_SILENT
        and (score.per_cent_of_best or 0) >= 100 * FLOOR
    ]
    best = max(readable, key=lambda score: score.value or 0.0, default=None)
    return (best.reference_loss if best else None), base


def _silent(cells: Sequence[Cell], kinds: Sequence[Silence]) -> Iterator[str]:
    for grid in grids(cells):
        for cell in grid:
            for score in cell.scores:
                kind = silence(cell, score, grid)
                if kind is not None and kind in kinds:
                    text = _silence_text(kind, score, *_losses(grid, score.column))
                    yield f"{_where(cell, score)}: {text}"


def _silence_text(kind: Silence, score: Score, best: float | None, base: float | None) -> str:
    silent = f"{percent(score.no_answer_rate or 0)} of the answers hold no answer"
    if kind == "unknown" or score.reference_loss is None or best is None or base is None:
        return f"{silent}; the losses cannot tell format from ability"
    losses = f"loss {score.reference_loss:.2f}, best cell {best:.2f}, base {base:.2f}"
    meaning = (
        "the format is lost rather than the ability"
        if kind == "format"
        else "the ability is not there either"
    )
    return f"{silent}; {losses}: {meaning}"


def _one_seed(cells: Sequence[Cell]) -> Iterator[str]:
    several = _several_studies(cells)
    for cell in cells:
        if cell.has_one_seed:
            yield f"{cell.key.study}, {cell.key.model}, {cell.key.label}" if several else cell.key.label


def _each(cells: Sequence[Cell], say: Say) -> Iterator[str]:
    for cell in cells:
        for score in cell.scores:
            if text := say(score):
                yield f"{_where(cell, score)}: {text}"


def _other_versions(cells: Sequence[Cell]) -> Iterator[str]:
    usual = usual_versions(cells)
    return _each(
        cells,
        lambda score: (
            f"{', '.join(score.engine_versions) or 'not known'}; most: {', '.join(usual) or 'not known'}"
            if score.value is not None and score.engine_versions != usual
            else ""
        ),
    )


def _other_batches(cells: Sequence[Cell]) -> Iterator[str]:
    """Of one model on one benchmark; a larger model has fewer rows on every benchmark."""
    found: dict[tuple[str, str], Counter[tuple[str, ...]]] = {}
    for cell in cells:
        for score in cell.scores:
            if score.batch_sizes:
                found.setdefault((cell.key.model, score.column.key), Counter())[score.batch_sizes] += 1
    for cell in cells:
        for score in cell.scores:
            sizes = found.get((cell.key.model, score.column.key), Counter())
            usual = max(sizes, key=lambda one: (sizes[one], one), default=())
            if score.batch_sizes and score.batch_sizes != usual:
                yield f"{_where(cell, score)}: {' and '.join(score.batch_sizes)}; most: {' and '.join(usual)}"


def _unscored(cells: Sequence[Cell]) -> Iterator[str]:
    """By benchmark and reason: a judge that is down leaves no cell untouched."""
    found: dict[tuple[str, str], list[int]] = {}
    for cell in cells:
        for score in cell.scores:
            if score.unscored:
                why = "; ".join(score.reasons) or "no reason given"
                found.setdefault((score.column.key, why), []).append(score.unscored)
    for (key, why), items in found.items():
        cases = counted(len(items), "cell")
        yield f"{key}: {sum(items):,} items of {cases}: {why}"


def _short(score: Score) -> str:
    said = []
    if (score.cut_off_rate or 0) >= MANY_CUT:
        said.append(f"{percent(score.cut_off_rate or 0)} cut off at the token limit")
    if (score.overflow_rate or 0) >= MANY_CUT:
        said.append(f"{percent(score.overflow_rate or 0)} left no room in the context")
    return ", ".join(said)


def _apart(score: Score) -> str:
    gap = (score.flexible_rate or 0) - (score.strict_rate or 0)
    return readings(score) if abs(gap) >= FORM_GAP else ""


def _floor(cells: Sequence[Cell]) -> Iterator[str]:
    for column in columns_of(cells):
        scores = [score for cell in cells if (score := cell.score(column.key)) and score.value is not None]
        # Of a loss the best value is 0: there is no floor to be near.
        if scores and scores[0].best and all((score.per_cent_of_best or 0) < 100 * FLOOR for score in scores):
            highest, best = max(score.value or 0.0 for score in scores), scores[0].best
            yield f"{column.key} ({column.benchmark}): highest score {fixed(highest, best)} of {best:g}"


def _where(cell: Cell, score: Score) -> str:
    return f"{cell.key.study}, {cell.key.model}, {cell.key.label}, {score.column.key}"


def _several_studies(cells: Sequence[Cell]) -> bool:
    return len({(cell.key.study, cell.key.model) for cell in cells}) > 1
