"""What `raysft data check` finds: what is in a source, what training would use of it, what is wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Any

from raysft.cli.data.named_model import NamedModel, OpenedModel, opened_model
from raysft.data.inspect.file_facts import Inspection, inspect_files
from raysft.data.inspect.named_source import NamedSource
from raysft.data.inspect.token_facts import TokenFacts, count_tokens, refused
from raysft.data.sources.bad_rows import SHOWN, RowCount, too_many
from raysft.data.sources.facts import SourceFacts
from raysft.data.sources.pipeline import Source, load_source
from raysft.errors import InputError, Problem
from raysft.spec.paths import source_field
from raysft.spec.used import used_benchmarks
from raysft.sweep.inputs.benchmarks import published_benchmarks, question_texts


@dataclass(frozen=True)
class Tokenised:
    """A source as one model would be trained on it."""

    model: NamedModel
    tokens: TokenFacts | None
    """None where the chat template refuses a conversation."""
    refused: tuple[Problem, ...] = ()
    """The first conversations that the chat template refuses."""
    refusals: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether a run would refuse it: for a conversation that the template refuses, or loses text of."""
        lost = self.tokens is not None and self.tokens.lost and not self.model.counts_losses
        return bool(self.refusals or lost)


@dataclass(frozen=True)
class Checked:
    """All that was found."""

    source: NamedSource
    inspection: Inspection
    facts: SourceFacts | None
    """None where nothing is left to train on."""
    usable: int
    """Conversations that an amount of 1 uses: fewer than are left if the weights of a join say so."""
    wrong: tuple[Problem, ...]
    """Why nothing is left."""
    tokenised: Tokenised | None
    """None without a model, and where nothing is left."""

    @property
    def too_many_bad(self) -> tuple[Problem, ...]:
        """Why a run would not leave out the bad rows, though it is to leave bad rows out."""
        source = self.source.source
        if source.on_bad_row == "refuse":
            return ()
        counts = (RowCount(one.path, one.rows, one.bad_rows) for one in self.inspection.files)
        return tuple(too_many(source_field(self.source.key), source.max_bad_rows, counts))

    @property
    def refused_rows(self) -> int:
        """Bad rows that stop a run; the others are left out by it, as the source asks (`on_bad_row`)."""
        stops = self.source.source.on_bad_row == "refuse" or self.too_many_bad
        return self.inspection.bad_rows if stops else 0

    @property
    def good(self) -> bool:
        """Whether a run would take the source as it is."""
        return not (self.refused_rows or self.wrong or (self.tokenised and self.tokenised.is_refused))


def check_source(source: NamedSource, model: NamedModel | None, shown: int = SHOWN) -> Checked:
    """Read a source twice: once for what is in its files, once as training reads it.

    Args:
        source: what to look at.
        model: for tokens, with the longest sequence of its recipe; None counts characters only.
        shown: bad rows that are told one by one.

    Raises:
        InputError: the model cannot be used; a file cannot be read or has no known format.
    """
    if model is None:
        return _checked(source, None, None, shown)
    with opened_model(model, "tokenizer") as opened:
        return _checked(source, model, opened, shown)


def _checked(
    source: NamedSource, model: NamedModel | None, opened: OpenedModel | None, shown: int
) -> Checked:
    found = inspect_files(source.source, source.data_dir, shown)
    try:
        loaded = read_source(source)
    except InputError as error:
        of_sweep = source.sweep is not None
        wrong = (one if of_sweep else replace(one, field=source.title) for one in error.problems)
        return Checked(source, found, None, 0, tuple(wrong), None)
    tokenised = None if model is None or opened is None else _tokenised(loaded, model, opened)
    return Checked(source, found, loaded.facts, loaded.index.rows, (), tokenised)


def read_source(source: NamedSource) -> Source:
    """The source as training reads it once the bad rows are gone; they are counted.

    Raises:
        InputError: a file cannot be read; or nothing is left to train on.
    """
    questions: Mapping[str, Sequence[str]] = {}
    if source.source.contamination is not None and source.sweep is not None:
        questions = question_texts(published_benchmarks(source.sweep, used_benchmarks(source.sweep)))
    lenient = source.source.model_copy(update={"on_bad_row": "skip", "max_bad_rows": Fraction(1)})
    return load_source(source.key, lenient, source.data_dir, questions)


def _tokenised(loaded: Source, model: NamedModel, opened: OpenedModel) -> Tokenised:
    try:
        tokens = count_tokens(loaded, opened.folder, model.recipe.max_length, model.recipe.overflow)
    except InputError as error:
        problems = refused(loaded, opened.tokenizer)
        first = tuple(islice(problems, SHOWN))
        if not first:
            raise error from None
        return Tokenised(model, None, first, len(first) + sum(1 for _ in problems))
    return Tokenised(model, tokens)


def checked_json(checked: Checked) -> dict[str, Any]:
    """What was found, as JSON; the keys are stable.

    `source`: as it was given. `good`: whether a run would take it as it is; the exit code says the same.
    `rows`, `bad_rows`: of all files. `on_bad_row`: `refuse` or `skip`, what a run does about bad rows.
    `files`: `path`, `format`, `rows`, `bad_rows` of each, and `unused_keys`: by format the keys with a value
    that training does not use, `messages[].name` inside messages, and how often each is there.
    `problems`: every bad row, why they are too many to be left out or why nothing is left, and the first 20
    conversations that the template refuses: `where`, `value`, `remedy`. `more_problems`: how many are not
    among them.
    `roles`: messages by role. `not_learnt`, `with_reasoning`: answers that are marked as not to be learnt,
    and that have reasoning; `end_with_question`: conversations whose last turn is the user's.
    `answers`, `characters`: per conversation `least`, `median`, `p95`, `most`, and their `total`; null
    without a good row.
    `used`: what training would use once the bad rows are gone, null if nothing: `cleaned`, `dropped` (rows by
    rule), `copies`, `near_duplicates`, `decontaminated`, `contaminated`, `held_out`, `held_out_answers`
    (further ones to the same questions), `held_out_elsewhere` (0: only a whole sweep tells), `left`,
    `usable`, `unexpected` (text or null).
    `tokens`: null without a model: `model`, `template`, `max_length`, `overflow`, `refused` (conversations
    that the template refuses), and `counts`, null if it refuses any: `tokens` (as `characters`),
    `supervised_tokens`, `longer`, `cut`, `split`, `dropped`, `trained_tokens`, `trained_supervised_tokens`,
    `lost` (conversations of which the template loses text, by what it is).
    """
    found, tokenised = checked.inspection, checked.tokenised
    problems = problems_of(checked)
    return {
        "source": checked.source.title,
        "good": checked.good,
        "rows": found.rows,
        "bad_rows": found.bad_rows,
        "on_bad_row": checked.source.source.on_bad_row,
        "files": [
            {
                "path": one.path,
                "format": one.form,
                "rows": one.rows,
                "bad_rows": one.bad_rows,
                "unused_keys": {form: dict(keys) for form, keys in one.unused.items()},
            }
            for one in found.files
        ],
        "problems": [{"where": one.field, "value": one.value, "remedy": one.remedy} for one in problems],
        "more_problems": found.bad_rows - len(found.problems) + more_refused(tokenised),
        "roles": dict(found.roles),
        "not_learnt": found.not_learnt,
        "with_reasoning": found.with_reasoning,
        "end_with_question": found.end_with_question,
        "answers": None if found.turns is None else asdict(found.turns),
        "characters": None if found.characters is None else asdict(found.characters),
        "used": None if checked.facts is None else _used_json(checked.facts, checked.usable),
        "tokens": None if tokenised is None else _tokens_json(tokenised),
    }


def _used_json(facts: SourceFacts, usable: int) -> dict[str, Any]:
    return {
        "cleaned": dict(facts.cleaned),
        "dropped": dict(facts.dropped),
        "copies": facts.duplicates,
        "near_duplicates": facts.near_duplicates,
        "decontaminated": facts.decontaminated,
        "contaminated": facts.contaminated,
        "held_out": facts.held_out,
        "held_out_answers": facts.held_out_answers,
        "held_out_elsewhere": facts.held_out_elsewhere,
        "left": facts.left,
        "usable": usable,
        "unexpected": facts.unexpected,
    }


def _tokens_json(tokenised: Tokenised) -> dict[str, Any]:
    return {
        "model": tokenised.model.title,
        "template": tokenised.model.template.name,
        "max_length": tokenised.model.recipe.max_length,
        "overflow": tokenised.model.recipe.overflow,
        "refused": tokenised.refusals,
        "counts": None if tokenised.tokens is None else asdict(tokenised.tokens),
    }


def problems_of(checked: Checked) -> tuple[Problem, ...]:
    """What is told one by one."""
    refusals = checked.tokenised.refused if checked.tokenised else ()
    return (*checked.inspection.problems, *checked.too_many_bad, *checked.wrong, *refusals)


def more_refused(tokenised: Tokenised | None) -> int:
    """Refused conversations that are not told one by one."""
    return tokenised.refusals - len(tokenised.refused) if tokenised else 0
