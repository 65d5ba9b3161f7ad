"""A plan on the terminal: what it cannot show, trees of stages, what they come to, and what that rests on."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from raysft.cli.plan.tables import chip_lines, compact, detectable_table, machines_table, totals_table
from raysft.cli.terminal_text import on_one_line
from raysft.data.sources.facts import SourceFacts
from raysft.identity import StageId
from raysft.plan.cost.compute import hours_text
from raysft.plan.cost.estimate import Estimate
from raysft.plan.cost.wall_clock import clock_text
from raysft.plan.tree import Plan
from raysft.sweep.inputs.learnable import fate_lines
from raysft.sweep.inputs.plan_totals import Account
from raysft.sweep.results.why import NO_PARENT, NOT_TRAINED, NOTHING_LIKE_IT, Reasons
from raysft.wording import counted

_TREE_ROWS = 400
"""Stages that are drawn; of a larger plan `--points` and `--json` tell the rest."""
_FINDINGS = 3
"""Conversations that share words with a question; `--json` has twenty."""


class Rest(NamedTuple):
    """What is not in the store."""

    time: Estimate
    """Of the training that is left."""
    missing: Reasons
    has_store: bool
    """Whether there is a store to compare with."""


def show_plan(console: Console, account: Account, done: Iterable[StageId], rest: Rest) -> None:
    """Say what the plan cannot show, draw the stage trees, then sources, totals, machines, evaluation, power.

    Args:
        console: where to.
        account: the plan, added up.
        done: stages that are in the store.
        rest: what is not.
    """
    for line in caveats(account):
        console.print(line, style="yellow", highlight=False, markup=False)
    plan = account.survey.plan
    console.print(
        f"{account.survey.spec.name}: {account.counts.text}, {counted(len(plan.stages), 'stage')}",
        style="bold",
        highlight=False,
        markup=False,
    )
    _trees(console, plan, frozenset(done))
    _sources(console, account)
    console.print("What it comes to", style="italic")
    console.print(totals_table(account.bill))
    console.print("Machines", style="italic")
    console.print(machines_table(account))
    for line in chip_lines(account):
        console.print(line, style="dim", highlight=False)
    _power(console, account)
    for line in _footer(account, rest):
        console.print(line, highlight=False, markup=False)


def caveats(account: Account) -> Iterator[str]:
    """What the sweep will not be able to say, however it goes."""
    few = [study for study, seeds in account.seeds.items() if seeds == 1]
    if few:
        every = len(few) == len(account.seeds)
        which = "any recipe" if every else f"the recipes of {', '.join(few)}"
        yield (
            f"No verdict about {which} will be possible: with one seed two checkpoints can be told apart, "
            "and not two recipes. That takes at least two seeds: seed: [0, 1]"
        )
    for key, size in account.sizes.items():
        if size.lacks_judge:
            name = account.survey.spec.benchmarks[key][1].name
            yield (
                f"{key}: {name} can be graded by a judge alone, and raysft has none yet: its answers are "
                "made and kept, and no score will come of them"
            )


def _trees(console: Console, plan: Plan, done: frozenset[StageId]) -> None:
    if len(plan.stages) > _TREE_ROWS:
        console.print(f"{len(plan.stages):,} stages are too many to draw; see --points and --json")
        return
    for model, base in plan.bases.items():
        tree = Tree(f"[bold]{escape(model)}[/] base {base.fingerprint[:8]}")
        for root in plan.children.get(None, ()):
            if plan.stages[root].model == model:
                _grow(tree, plan, root, done)
        console.print(tree)


def _grow(tree: Tree, plan: Plan, address: StageId, done: frozenset[StageId]) -> None:
    stage = plan.stages[address]
    shared = f", shared by {plan.users[address]} points" if plan.users[address] > 1 else ""
    mark = " [green]done[/]" if address in done else ""
    steps = counted(stage.steps, "step")
    text = f"{address[:8]} {stage.mixture_text()}, seed {stage.seed}, {steps}{shared}"
    branch = tree.add(escape(text) + mark)
    for child in plan.children.get(address, ()):
        _grow(branch, plan, child, done)


def _sources(console: Console, account: Account) -> None:
    survey = account.survey
    for key, index in survey.indexes.items():
        source = survey.sources.get(key)
        if source is None:
            told = "not read: planned with what the sweep file expects"
            console.print(f"{key}: {index.rows:,} conversations expected, {told}", style="yellow")
            continue
        facts = source.facts
        notes = ", ".join([f"{index.rows:,} conversations", *facts_text(facts, index.rows)])
        console.print(f"{key}: {notes}", highlight=False, markup=False)
        if key in survey.not_decontaminated:
            console.print("  will lose what it shares with benchmarks that are not here", style="yellow")
        if facts.unexpected:
            console.print(f"  {facts.unexpected}", style="yellow", markup=False)
    unused = [key for key in survey.spec.sources if key not in survey.indexes]
    if unused:
        console.print(f"no point uses {', '.join(unused)}: not read", style="dim", markup=False)
        for one in facts.findings[:_FINDINGS]:
            said = on_one_line(f"{one.where} shares with {one.benchmark}: {one.words}")
            console.print(f"  {said}", style="yellow", markup=False, highlight=False)
    for line in fate_lines(survey):
        console.print(on_one_line(line), style="yellow", markup=False, highlight=False)
    for model in survey.plan.bases:
        if model in survey.absent:
            console.print(f"{model}: not here, planned from the sizes of {survey.spec.models[model].label}")


def facts_text(facts: SourceFacts, used: int) -> Iterable[str]:
    """What became of the rows that do not train as they are, in words; nothing where all of them do.

    Args:
        facts: of a source.
        used: conversations that an amount of 1 trains on.
    """
    yield from (f"{count:,} cleaned by {rule}" for rule, count in facts.cleaned.items())
    yield from (f"{count:,} dropped by {rule}" for rule, count in facts.dropped.items())
    counts = {
        "bad rows skipped": facts.bad_rows,
        "copies removed": facts.duplicates,
        "near copies removed": facts.near_duplicates,
        "share words with a question": facts.contaminated,
        "of these removed": facts.decontaminated,
        "held out": facts.held_out,
        "further answers to what is held out": facts.held_out_answers,
        "held out by other sources": facts.held_out_elsewhere,
        "beyond the weights of the join": facts.left - used,
    }
    yield from (f"{count:,} {what}" for what, count in counts.items() if count)


def _power(console: Console, account: Account) -> None:
    """The smallest differences, and what of the noise is assumed."""
    if not account.sizes:
        return
    in_points = "in points" + ("; of a loss, in nats per token" if _has_loss(account) else "")
    console.print(f"Smallest difference that is likely to be seen, {in_points}", style="italic")
    console.print(detectable_table(account))
    whole = [one for found in account.detectable.values() for one in found.values()]
    if any(one.checkpoints is None for one in whole):
        console.print("-: no difference would be seen", style="dim", highlight=False)
    by_recipe = any(seeds > 1 for seeds in account.detectable)
    for key, assumed in account.assumptions.items():
        text = assumed.text if by_recipe else assumed.checkpoints_text
        console.print(f"{key}: assumes that {text}", style="dim", highlight=False, markup=False)


def _has_loss(account: Account) -> bool:
    return any(account.survey.spec.benchmarks[key][1].metric == "loss" for key in account.sizes)


def _footer(account: Account, rest: Rest) -> Iterator[str]:
    bill, effort = account.bill.whole, account.evaluation
    against = bill.saved_against_dropping_equal_points
    if against is not None:
        yield (
            f"saved {bill.saved_against_one_run_per_point:.2f}× against one run per point, "
            f"{against:.2f}× against dropping equal points only"
        )
    judge = f"; judge: {effort.judge_tokens:,} tokens" if effort.judge_tokens else ""
    yield (
        f"evaluation: {effort.scores:,} scores, {effort.questions:,} questions, {effort.answers:,} answers, "
        f"about {hours_text(effort.gpu_hours, effort.core_hours)}{judge}"
    )
    disks = ", ".join(f"{compact(disk.total)}B with keep: {keep}" for keep, disk in account.disk.items())
    yield f"store at its largest: {disks}"
    yield _clock(account)
    if not rest.has_store:
        yield "there is no store yet: everything is left to do"
    steps = rest.time.steps_left
    yield f"left to train: {counted(steps, 'step')}, {rest.time.text}" if steps else "left to train: nothing"
    stages = rest.missing.of_stages()
    if stages.keys() - {NOTHING_LIKE_IT, NO_PARENT}:
        yield from (f"  {count:,} × {reason}" for reason, count in stages.most_common())
    scores = rest.missing.of_scores()
    left = counted(scores.total(), "score") if scores else "none"
    yield f"left to score: {left} of {counted(effort.scores, 'score')}"
    if scores.keys() - {NOT_TRAINED}:
        yield from (f"  {count:,} × {reason}" for reason, count in scores.most_common())


def _clock(account: Account) -> str:
    fleet, bounds, fixed = account.clock
    # Bounds a tenth apart are one number to a reader of an estimate.
    shown = bounds if bounds[1] > 1.1 * bounds[0] else bounds[1:]
    times = dict.fromkeys(map(clock_text, shown))
    return (
        f"time on the clock: about {' to '.join(times)} for the whole sweep from an empty store, with "
        f"{counted(fleet.slots, 'stage')} at once and {counted(fleet.engines, 'engine')}; an estimate from "
        f"the speeds above and {clock_text(fixed)} to start, load and save all stages, without failures, "
        "queues and downloads"
    )
