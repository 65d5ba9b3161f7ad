"""Why each value of a first sweep file is what it is: its comments, with the numbers that were seen."""

from collections.abc import Iterator
from fractions import Fraction
from textwrap import wrap

from raysft.composition.exact import count_of
from raysft.pilot.commented_yaml import Notes
from raysft.pilot.data_files import CHARACTERS_PER_TOKEN, DataFile, Kind
from raysft.pilot.draft import FLOOR, Chosen, sweep_of
from raysft.pilot.fit_budget import Pilot
from raysft.pilot.recipe_comments import training_notes
from raysft.pilot.summary import difference_text, outcome

_NOTABLE = 0.005
"""Share of a file from which on conversations that are nearly equal are worth a word."""
_WIDTH = 106

_SUGGESTED: dict[Kind, tuple[str, ...]] = {
    "sums": (
        "The answers end in `#### number`. Once GSM8K's questions are here, they can be asked in its place:",
        "benchmark: {name: gsm8k, path: gsm8k_test.jsonl}",
    ),
    "programs": (
        "The answers look like programs. If they are in Python, HumanEval can be asked in its place:",
        "benchmark: {name: humaneval, path: HumanEval.jsonl.gz}",
    ),
    "open": (
        "For open answers there is MT-Bench, which needs a judge:",
        "benchmark: {name: mt_bench, path: mt_bench_question.jsonl, references: FILE}",
    ),
}
"""Benchmarks that suit what the answers look like; without the `#` in front they hold."""
_CONTAMINATION = (
    "contamination: {mode: remove}  # with the benchmark below: leaves out what has its questions in it"
)


def notes_on(chosen: Chosen, pilot: Pilot, file: str) -> Notes:
    """A comment for every value of `sweep_of`, for a sweep file of this name."""
    notes = Notes(header=list(_header(chosen, pilot, file)))
    notes.about |= {
        "name": "its results have this name in the store",
        "data_dir": "paths below start here; a relative one starts from this file",
        "abilities": "one file each, in the order of training",
    }
    for ability in chosen.files:
        _ability(notes, chosen, pilot, ability)
    notes.about |= training_notes(chosen)
    _studies(notes, chosen, pilot)
    _objective(notes, chosen, pilot)
    return notes


def _header(chosen: Chosen, pilot: Pilot, file: str) -> Iterator[str]:
    yield "A first sweep, written by `raysft init`: a proposal to be read and changed. Nothing has been run."
    yield ""
    yield f"    raysft plan {file}    # counts the tokens, draws what would be trained; starts nothing"
    yield f"    raysft run  {file}    # runs it, or goes on with it"
    for paragraph in outcome(chosen, pilot):
        yield ""
        yield from wrap(paragraph, _WIDTH, break_on_hyphens=False)


# ---- abilities


def _ability(notes: Notes, chosen: Chosen, pilot: Pilot, ability: str) -> None:
    one, at = chosen.files[ability], f"abilities.{ability}"
    notes.about[at] = _seen(one)
    if chosen.last is not None and chosen.last.ability == ability:
        notes.about[at] += f" Trained last by sequential strategies: {chosen.last.why}."
    notes.about |= {
        f"{at}.source.path": f"{one.trained:,} conversations are left to train on",
        f"{at}.source.format": "as its rows have it",
        f"{at}.source.held_out": _held_out(chosen, pilot, ability),
        f"{at}.source.duplicates": f"exact copies seen: {one.copies:,}",
        f"{at}.source.tokens": f"of a conversation; {_basis(one)}",
        f"{at}.source.supervised_tokens": "of these in answers, which alone are learnt",
    }
    if one.cleaned:
        counts = ", ".join(f"{count:,} rows need {rule}" for rule, count in one.cleaned.items())
        notes.about[f"{at}.source.clean"] = f"puts turns in order: {counts}"
    if one.bad_rows:
        said = f"{one.bad_rows:,} malformed rows are left out and counted; the first: {one.first_bad}"
        notes.about[f"{at}.source.on_bad_row"] = said
    if one.many_bad:
        share = f"{one.bad_rows / one.rows:.0%} of its rows are malformed"
        notes.about[f"{at}.source.max_bad_rows"] = f"{share}: see whether it is the file that was meant"
    notes.after[f"{at}.source.duplicates"] = list(_removals(one))
    if ability in chosen.asked:
        notes.about[f"{at}.benchmark"] = _benchmark(one)
        notes.after[f"{at}.benchmark"] = list(_SUGGESTED.get(one.kind, ()))
    else:
        notes.after[f"{at}.source"] = ["Whole documents hold no questions: this ability has no benchmark."]


def _held_out(chosen: Chosen, pilot: Pilot, ability: str) -> str:
    one = chosen.files[ability]
    said = f"never trained on; {one.held_out / len(one.questions):.0%} of the questions"
    if ability not in chosen.asked:
        return said
    seen = difference_text(chosen, pilot, ability)
    return f"{said}, on which two recipes must differ by {seen} to be told apart"


def _removals(one: DataFile) -> Iterator[str]:
    if one.alike >= _NOTABLE * len(one.ids):
        yield f"near_duplicates: {{similarity: 0.8}}  # {one.alike:,} differ only in case or punctuation"
    if one.kind in ("sums", "programs"):
        yield _CONTAMINATION


def _seen(one: DataFile) -> str:
    left_out = f", {one.bad_rows:,} of them malformed" if one.bad_rows else ""
    found = f"conversations with {one.turns:.1f} answers each" if one.turns else "documents"
    return (
        f"{one.rows:,} rows{left_out}; {len(one.ids):,} distinct {found}; 95% have at most "
        f"{one.usual_tokens:,} tokens, the longest has {one.lengths[-1]:,.0f}."
    )


def _basis(one: DataFile) -> str:
    if one.counted:
        return "from a sample that the model's tokenizer counted"
    return f"estimated, {CHARACTERS_PER_TOKEN:g} characters of English to a token"


def _benchmark(one: DataFile) -> str:
    if one.by_loss:
        return (
            f"scored by the loss on their own answers, lower is better: the median answer has "
            f"{one.answer_characters:,} characters, which no model gives word for word"
        )
    return "to be answered word for word; the loss on the answers is reported beside it"


# ---- studies


def _studies(notes: Notes, chosen: Chosen, pilot: Pilot) -> None:
    notes.about["studies"] = "the sweep is the union of these grids; what two of them share is trained once"
    for name, study in pilot.studies.items():
        at = f"studies.{name}"
        notes.about |= {
            f"{at}.model": "the one above",
            f"{at}.strategy": "how the abilities are put together",
            f"{at}.amount": _amount(chosen, [Fraction(one) for one in study["amount"]]),
            f"{at}.seed": _seeds(pilot),
        }
        for place, strategy in enumerate(study["strategy"]):
            notes.about[f"{at}.strategy[{place}]"] = _strategy(strategy, chosen, pilot)
    notes.about |= {f"studies.{name}": text for name, text in _QUESTIONS.items() if name in pilot.studies}


_QUESTIONS = {
    "amount": "What does an ability gain from more of its own data, and what from data of the others?",
    "strategy": "All abilities at once, one after the other, or both?",
}


def _amount(chosen: Chosen, amounts: list[Fraction]) -> str:
    if amounts == [1]:
        return "all of every file"
    smallest = min(chosen.data.rows, key=lambda ability: chosen.data.rows[ability])
    count = count_of(amounts[-1], chosen.data.rows[smallest])
    parts = "shares of every file, a smaller one part of a larger" if amounts[1:] else "share of every file"
    return f"{parts}; {amounts[-1]} of {smallest} is {count:,} conversations"


def _seeds(pilot: Pilot) -> str:
    runs = len(pilot.grid.seeds)
    if runs > 2:
        return f"of subsets and order; {runs} runs of each point tell chance from recipe better than two"
    return "of subsets and order; two runs of each point are the fewest that tell chance from recipe"


def _strategy(strategy: object, chosen: Chosen, pilot: Pilot) -> str:
    if strategy == "multi_task":
        return "all abilities in one stage"
    if not isinstance(strategy, dict):
        raise TypeError(f"no strategy of a pilot: {strategy!r}")
    ((kind, said),) = strategy.items()
    last = chosen.last.ability if chosen.last else ""
    if kind == "single":
        return f"{said} by itself"
    if kind == "sequential":
        return f"one ability after the other, {last} at the end"
    if kind == "mixed_sequential":
        others = "the others together" if len(chosen.files) > 2 else "the other one"
        return f"{others}, then {last}"
    rows = [rows for ability, rows in chosen.data.rows.items() if ability != last]
    again = count_of(Fraction(said["k"]) * pilot.grid.scale, min(rows))
    others = "each of the others" if len(rows) > 1 else "the other one"
    least = " or more" if len(rows) > 1 else ""
    return f"the same, but {last} comes with {said['k']} of {others}: {again:,} conversations{least}"


def _objective(notes: Notes, chosen: Chosen, pilot: Pilot) -> None:
    raw = sweep_of(chosen, {}).get("objective")
    if raw is None:
        return
    notes.about |= {
        "objective": "what a recommendation looks for",
        "objective.maximise": "the first file's ability; put here the one that you want most",
    }
    if "floors" in raw and chosen.last is not None:
        seen = difference_text(chosen, pilot, chosen.last.ability)
        notes.about["objective.floors"] = (
            f"it may lose {-FLOOR:g} points of 100 against the base; a loss below {seen} will hardly show "
            "without more seeds or questions"
        )
