"""What `raysft data check` prints."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from raysft.cli.data.check import Checked, Tokenised, more_refused, problems_of
from raysft.cli.terminal_text import on_one_line
from raysft.data.inspect.file_facts import FileFacts, Inspection, Spread
from raysft.data.sources.facts import SourceFacts


def show_check(console: Console, checked: Checked) -> None:
    """Print what was found."""
    found = checked.inspection
    for file in found.files:
        form = f", format {file.form}" if file.form else ""
        _line(console, f"{on_one_line(file.path)}: {file.rows:,} rows{form}")
        for line in _unused(file):
            _line(console, f"  {line}", "yellow")
    _line(console, f"rows: {found.rows:,}, {_bad_rows(checked)}", "red" if checked.refused_rows else "green")
    if found.roles:
        _line(console, "messages: " + ", ".join((*_roles(found), *_notable(found))))
    if checked.facts is not None:
        without = " once the bad rows are gone" if found.bad_rows else ""
        _line(console, f"training uses{without}: {_used(checked.facts, checked.usable)}")
    if found.characters is not None:
        console.print(_spreads(checked))
    if checked.tokenised:
        _show_tokens(console, checked.tokenised)
    _show_problems(console, checked)


def _unused(file: FileFacts) -> Iterator[str]:
    """The keys that training does not use, those of most rows first."""
    for form, keys in file.unused.items():
        of = f" of format {form}" if len(file.unused) > 1 else ""
        most = sorted(keys.items(), key=lambda one: -one[1])
        yield f"not used{of}: " + ", ".join(f"{on_one_line(key)} {count:,}" for key, count in most)


def _roles(found: Inspection) -> Iterator[str]:
    return (f"{role} {count:,}" for role, count in found.roles.items())


def _notable(found: Inspection) -> Iterator[str]:
    counts = {
        "answers are not learnt": found.not_learnt,
        "have reasoning": found.with_reasoning,
        "conversations end with a question, which is not learnt": found.end_with_question,
    }
    return (f"{count:,} {what}" for what, count in counts.items() if count)


def _bad_rows(checked: Checked) -> str:
    count = checked.inspection.bad_rows
    if not count:
        return "all good"
    fate = "skip: a run leaves them out"
    if checked.refused_rows:
        fate = "skip: too many, a run stops here" if checked.too_many_bad else "refuse: a run stops here"
    return f"{count:,} bad (on_bad_row {fate})"


def _used(facts: SourceFacts, usable: int) -> str:
    notes = [f"{count:,} rows cleaned by {rule}" for rule, count in facts.cleaned.items()]
    notes += [f"{count:,} rows dropped by {on_one_line(rule)}" for rule, count in facts.dropped.items()]
    notes.append(f"{facts.duplicates:,} exact copies removed" if facts.duplicates else "no exact copies")
    for count, what in (
        (facts.near_duplicates, "near duplicates removed"),
        (facts.decontaminated, "removed that share words with a question"),
        (facts.contaminated - facts.decontaminated, "share words with a question, and stay"),
        (facts.held_out, "held out"),
        (facts.held_out_answers, "further answers to what is held out"),
        (facts.left - usable, "beyond the weights of the join"),
    ):
        notes.extend([f"{count:,} {what}"] if count else [])
    notes.extend([facts.unexpected] if facts.unexpected else [])
    return "; ".join([f"{usable:,} conversations", *notes])


def _spreads(checked: Checked) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("per conversation")
    for name in ("min", "median", "95%", "max", "total"):
        table.add_column(name, justify="right")
    tokens = checked.tokenised.tokens if checked.tokenised else None
    rows = {
        "answers": checked.inspection.turns,
        "characters": checked.inspection.characters,
        "tokens, of what is used": tokens.tokens if tokens else None,
    }
    for name, spread in rows.items():
        if spread is not None:
            table.add_row(name, *_numbers(spread))
    return table


def _numbers(spread: Spread) -> list[str]:
    return [f"{one:,}" for one in (spread.least, spread.median, spread.p95, spread.most, spread.total)]


def _show_tokens(console: Console, tokenised: Tokenised) -> None:
    tokens, recipe = tokenised.tokens, tokenised.model.recipe
    name = f"{on_one_line(tokenised.model.title)}, template {on_one_line(tokenised.model.template.name)}"
    if tokens is None:
        _line(console, f"{name}: the template refuses {tokenised.refusals:,} conversations", "red")
        return
    share = tokens.supervised_tokens / tokens.tokens.total
    _line(console, f"{name}: {tokens.supervised_tokens:,} supervised tokens ({share:.1%})")
    for kind, count in tokens.lost.items():
        _line(console, f"the template loses text of {count:,} conversations: {kind}", "red")
    longer = f"longer than max_length {recipe.max_length:,}: {tokens.longer:,}"
    fates = f"{tokens.cut:,} cut, {tokens.split:,} split, {tokens.dropped:,} dropped"
    _line(console, f"{longer} ({recipe.overflow}: {fates})" if tokens.longer or tokens.dropped else longer)
    _line(
        console,
        f"one epoch trains on {tokens.trained_supervised_tokens:,} supervised of "
        f"{tokens.trained_tokens:,} tokens",
    )


def _show_problems(console: Console, checked: Checked) -> None:
    left_out = set() if checked.refused_rows else set(checked.inspection.problems)
    for one in problems_of(checked):
        text = "  ".join(map(on_one_line, (f"{one.field}:", one.value, one.remedy)))
        _line(console, text, "yellow" if one in left_out else "red")
    more = checked.inspection.bad_rows - len(checked.inspection.problems)
    if more:
        _line(console, f"and {more:,} more bad rows", "red")
    if more_refused(checked.tokenised):
        _line(console, f"and {more_refused(checked.tokenised):,} more refused conversations", "red")


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(Text(text, style), soft_wrap=True)
