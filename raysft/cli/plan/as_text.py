"""A plan on the terminal: what it cannot show, trees of stages, what they come to, and what that rests on."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from raysft.cli.plan.assumed import assumption_lines, caveats, source_lines
from raysft.cli.plan.mixture import mixture_text
from raysft.cli.plan.tables import compact, detectable_table, machines_table, totals_table, whole_table
from raysft.cli.plan.wrapped import say
from raysft.identity import StageId
from raysft.plan.cost.bill import Totals
from raysft.plan.cost.compute import hours_text
from raysft.plan.cost.estimate import Estimate
from raysft.plan.cost.wall_clock import clock_text
from raysft.sweep.account.totals import Account
from raysft.sweep.results.why import NO_PARENT, NOT_TRAINED, NOTHING_LIKE_IT, Reasons
from raysft.wording import counted

_TREE_ROWS = 400
"""Stages that are drawn; of a larger plan `--points` and `--json` tell the rest."""


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
        say(console, line, "yellow")
    plan = account.survey.plan
    say(
        console,
        f"{account.survey.spec.name}: {account.counts.text}, {counted(len(plan.stages), 'stage')}",
        "bold",
    )
    _Trees(account, frozenset(done), console.width).show(console)
    for style, line in source_lines(account):
        say(console, line, style)
    say(console, "What training comes to", "italic")
    console.print(totals_table(account.bill))
    for line in _saved(account.bill.whole):
        say(console, line)
    say(console, "The whole sweep, from an empty store", "italic")
    console.print(whole_table(account.whole))
    say(console, _clock(account))
    say(console, "Machines", "italic")
    console.print(machines_table(account))
    say(console, "What these numbers rest on, and how to change it", "italic")
    for line in assumption_lines(account):
        say(console, line, "dim")
    _power(console, account)
    for line in _footer(account, rest):
        say(console, line)


class _Trees:
    """The stage trees of a plan; what of a stage does not fit on a line goes on below its mixture."""

    def __init__(self, account: Account, done: frozenset[StageId], width: int) -> None:
        self._account, self._done, self._width = account, done, width

    def show(self, console: Console) -> None:
        """Draw the tree of each model."""
        plan = self._account.survey.plan
        if len(plan.stages) > _TREE_ROWS:
            say(console, f"{len(plan.stages):,} stages are too many to draw; see --points and --json")
            return
        for model, base in plan.bases.items():
            tree = Tree(f"[bold]{escape(model)}[/] base {base.fingerprint[:8]}")
            for root in plan.children.get(None, ()):
                if plan.stages[root].model == model:
                    self._grow(tree, root, 1)
            console.print(tree, highlight=False)

    def _grow(self, tree: Tree, address: StageId, depth: int) -> None:
        plan = self._account.survey.plan
        stage = plan.stages[address]
        shared = f", shared by {plan.users[address]} points" if plan.users[address] > 1 else ""
        mark = ", done" if address in self._done else ""
        mixture = mixture_text(self._account, stage)
        text = f"{mixture}, seed {stage.seed}, {counted(stage.steps, 'step')}{shared}{mark}"
        # A guide takes 4 columns for each level, the fingerprint 9.
        lines = textwrap.wrap(text, max(40, self._width - 4 * depth - 9), break_long_words=False)
        said = escape(f"{address[:8]} " + f"\n{' ' * 9}".join(lines))
        branch = tree.add(f"[green]{said}[/]" if mark else said)
        for child in plan.children.get(address, ()):
            self._grow(branch, child, depth + 1)


def _power(console: Console, account: Account) -> None:
    """The smallest differences, and what of the noise is assumed."""
    if not account.sizes:
        return
    in_points = "in points" + ("; of a loss, in nats per token" if _has_loss(account) else "")
    say(console, f"Smallest difference that is likely to be seen, {in_points}", "italic")
    console.print(detectable_table(account))
    whole = [one for found in account.detectable.values() for one in found.values()]
    if any(one.checkpoints is None for one in whole):
        say(console, "-: no difference would be seen", "dim")
    by_recipe = any(seeds > 1 for seeds in account.detectable)
    for key, assumed in account.assumptions.items():
        text = assumed.text if by_recipe else assumed.checkpoints_text
        say(console, f"{key}: assumes that {text}", "dim")


def _has_loss(account: Account) -> bool:
    return any(account.survey.spec.benchmarks[key][1].metric == "loss" for key in account.sizes)


def _saved(whole: Totals) -> Iterator[str]:
    """What sharing is worth, hours first: they are less than conversations where what is shared is short."""
    hours, conversations = whole.hours_saved_against_one_run_per_point, whole.saved_against_one_run_per_point
    if hours is None or conversations is None:
        return
    if conversations == 1:
        yield "saved by sharing: nothing; no two points have an equal stage"
        return
    alone, shared = whole.one_run_per_point, whole.shared
    yield (
        f"saved by sharing: one run per point would take {hours:.2f}× the hours "
        f"({hours_text(alone.gpu_hours, alone.core_hours)} in place of "
        f"{hours_text(shared.gpu_hours, shared.core_hours)}) and {conversations:.2f}× the "
        "conversation-epochs; equal points run once, "
        f"{whole.hours_saved_against_dropping_equal_points or 1:.2f}× and "
        f"{whole.saved_against_dropping_equal_points or 1:.2f}×"
    )


def _footer(account: Account, rest: Rest) -> Iterator[str]:
    effort = account.evaluation
    judge = f"; judge: {effort.judge_tokens:,} tokens" if effort.judge_tokens else ""
    yield (
        f"evaluation: {effort.scores:,} scores, {effort.questions:,} questions, {effort.answers:,} answers, "
        f"about {hours_text(effort.gpu_hours, effort.core_hours)}{judge}"
    )
    disk = account.disk
    yield (
        f"store at its largest: {compact(disk.total)}B, {compact(disk.weights)}B of it weights of all "
        "stages, which stay, the rest states to resume from"
    )
    if not rest.has_store:
        yield "there is no store yet: everything is left to do"
    steps = rest.time.steps_left
    yield f"left to train: {counted(steps, 'step')}, {rest.time.text}" if steps else "left to train: nothing"
    stages = rest.missing.of_stages()
    if stages.keys() - {NOTHING_LIKE_IT, NO_PARENT}:
        yield from (f"  {count:,} × {reason}" for reason, count in stages.most_common())
    scores = rest.missing.of_scores()
    yield f"left to score: {f'{scores.total():,}' if scores else 'none'} of {counted(effort.scores, 'score')}"
    if scores.keys() - {NOT_TRAINED}:
        yield from (f"  {count:,} × {reason}" for reason, count in scores.most_common())


def _clock(account: Account) -> str:
    fleet, bounds, fixed = account.clock
    # Bounds a tenth apart are one number to a reader of an estimate.
    shown = bounds if bounds[1] > 1.1 * bounds[0] else bounds[1:]
    times = dict.fromkeys(map(clock_text, shown))
    return (
        f"time on the clock: about {' to '.join(times)}, with {counted(fleet.slots, 'stage')} at once "
        f"(run.trials_at_once) and {counted(fleet.engines, 'engine')}; an estimate from the speeds below and "
        f"{clock_text(fixed)} to start, load and save all stages, without failures, queues and downloads"
    )
