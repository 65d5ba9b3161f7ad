"""A plan on the terminal: trees of stages, what they come to, and what that rests on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from raysft.cli.terminal_text import on_one_line
from raysft.data.sources.facts import SourceFacts
from raysft.plan.cost.bill import Effort, Totals
from raysft.plan.cost.estimate import Estimate
from raysft.plan.tree import Cell, Plan, Stage
from raysft.sweep.inputs.plan_totals import Account, ModelMemory

_TREE_ROWS = 400
"""Stages that are drawn; of a larger plan `--points` and `--json` tell the rest."""
_FINDINGS = 3
"""Conversations that share words with a question; `--json` has twenty."""
_GIB = 2**30


def show_plan(console: Console, account: Account, done: Iterable[str], rest: Estimate) -> None:
    """Draw the stage trees, then sources, totals, machines, evaluation and power.

    Args:
        console: where to.
        account: the plan, added up.
        done: stages that stand in the store.
        rest: time for what does not.
    """
    _trees(console, account.survey.plan, frozenset(done))
    _sources(console, account)
    console.print(_totals(account))
    console.print(_machines(account))
    for line in _chips(account):
        console.print(line, style="dim", highlight=False)
    if account.detectable:
        console.print(_evaluation(account))
        for key, assumed in account.assumptions.items():
            console.print(f"{key}: assumes that {assumed.text}", style="dim", highlight=False, markup=False)
    _footer(console, account, rest)


def show_points(console: Console, account: Account) -> None:
    """One row per cell: its axes, its stages with their mixtures, steps and fingerprints."""
    plan = account.survey.plan
    table = Table(box=None, pad_edge=False)
    for title in ("model", "study", "cell", "stages"):
        table.add_column(title, overflow="fold")
    for title in ("steps", "conv.\nepochs", "superv.\ntokens", "hours"):
        table.add_column(title, justify="right")
    for point in plan.points:
        stages = [plan.stages[address] for address in point.stages]
        said = "\n".join(f"{stage.fingerprint[:8]} {_mixture(stage)}" for stage in stages) or "(base)"
        for cell in point.cells:
            table.add_row(
                escape(cell.model),
                cell.study,
                escape(cell_text(cell)),
                escape(said),
                *_efforts([account.efforts[stage.fingerprint] for stage in stages]),
            )
    console.print(table)


def _efforts(efforts: Sequence[Effort]) -> Iterator[str]:
    """A line for each stage in every column."""
    for field in ("steps", "conversation_epochs", "supervised_tokens", "gpu_hours"):
        yield "\n".join(compact(getattr(one, field)) for one in efforts)


def cell_text(cell: Cell) -> str:
    """The axes of a cell, but for model and study."""
    parts = [cell.strategy]
    parts += [] if cell.amount is None else [f"amount {cell.amount}"]
    factors = ", ".join(f"{ability}×{factor}" for ability, factor in cell.ratio)
    parts += [f"{cell.ratio_name} ({factors})" if cell.ratio_name and factors else cell.ratio_name or factors]
    parts += [f"{ability}: {variant}" for ability, variant in cell.variant]
    parts += [cell.recipe, "" if cell.seed is None else f"seed {cell.seed}"]
    return ", ".join(filter(None, parts))


def _trees(console: Console, plan: Plan, done: frozenset[str]) -> None:
    if len(plan.stages) > _TREE_ROWS:
        console.print(f"{len(plan.stages):,} stages are too many to draw; see --points and --json")
        return
    for model, base in plan.bases.items():
        tree = Tree(f"[bold]{escape(model)}[/] base {base.fingerprint[:8]}")
        for root in plan.children.get(None, ()):
            if plan.stages[root].model == model:
                _grow(tree, plan, root, done)
        console.print(tree)


def _grow(tree: Tree, plan: Plan, address: str, done: frozenset[str]) -> None:
    stage = plan.stages[address]
    shared = f", shared by {plan.users[address]} points" if plan.users[address] > 1 else ""
    mark = " [green]done[/]" if address in done else ""
    text = f"{address[:8]} {_mixture(stage)}, seed {stage.seed}, {stage.steps:,} steps{shared}"
    branch = tree.add(escape(text) + mark)
    for child in plan.children.get(address, ()):
        _grow(branch, plan, child, done)


def _mixture(stage: Stage) -> str:
    return " + ".join(f"{portion.source} {portion.count:,}" for portion in stage.portions)


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
        for one in facts.findings[:_FINDINGS]:
            said = on_one_line(f"{one.where} shares with {one.benchmark}: {one.words}")
            console.print(f"  {said}", style="yellow", markup=False, highlight=False)
    for model in survey.plan.bases:
        if model in survey.absent:
            console.print(f"{model}: not here, planned from the sizes of {survey.spec.models[model].label}")


def facts_text(facts: SourceFacts, used: int) -> Iterable[str]:
    """What became of the rows that do not train, in words; nothing where all of them do.

    Args:
        facts: of a source.
        used: conversations that an amount of 1 trains on.
    """
    yield from (f"{count:,} dropped by {rule}" for rule, count in facts.dropped.items())
    counts = {
        "bad rows skipped": facts.bad_rows,
        "copies removed": facts.duplicates,
        "near copies removed": facts.near_duplicates,
        "share words with a question": facts.contaminated,
        "of these removed": facts.decontaminated,
        "held out": facts.held_out,
        "held out by other sources": facts.held_out_elsewhere,
        "beyond the weights of the join": facts.left - used,
    }
    yield from (f"{count:,} {what}" for what, count in counts.items() if count)


def _totals(account: Account) -> Table:
    """One row per study and model, the whole below."""
    table = Table(box=None, pad_edge=False, title="What it comes to", title_justify="left")
    table.add_column("", overflow="fold", min_width=12, max_width=16)
    for title in (
        "points\n(differ)",
        "stages",
        "conv.\nepochs",
        "superv.\ntokens",
        "steps",
        "hours",
        "USD",
        "saved",
    ):
        table.add_column(title, justify="right", no_wrap=True)
    bill = account.bill
    if len(bill.by_study) > 1:
        _rows(table, bill.by_study)
    if len(bill.by_model) > 1:
        _rows(table, bill.by_model)
    _rows(table, {"all": bill.whole})
    return table


def _rows(table: Table, totals: Mapping[str, Totals]) -> None:
    for name, one in totals.items():
        saved = one.saved_against_one_run_per_point
        table.add_row(
            escape(name),
            f"{one.points:,} ({one.distinct_points:,})",
            f"{one.stages:,}",
            compact(one.shared.conversation_epochs),
            compact(one.shared.supervised_tokens),
            compact(one.shared.steps),
            compact(one.shared.gpu_hours),
            compact(one.shared.cost),
            "" if saved is None else f"{saved:.2f}×",
        )
    table.add_section()


def compact(number: float) -> str:
    """Three digits and a unit of thousands: 12,345,678 is `12.3M`."""
    for unit in ("", "k", "M", "G", "T", "P"):
        if abs(number) < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g}E"


def _machines(account: Account) -> Table:
    table = Table(box=None, pad_edge=False, title="Machines", title_justify="left")
    for title in ("model", "parameters", "trains on", "GiB per GPU", "would fit on"):
        table.add_column(title)
    for model, machine in account.machines.items():
        chip, memory, workers = machine.accelerator, account.memory.get(model), _workers(account, model)
        table.add_row(
            escape(model),
            compact(machine.shape.parameters),
            f"{workers} {chip.name}",
            f"{memory.needs.total / _GIB:.1f} of {chip.memory_gib:g}" if memory else "",
            _fits(memory) if memory else "",
        )
    return table


def _workers(account: Account, model: str) -> int:
    spec = account.survey.spec.models[model]
    return spec.workers * max(1, spec.gpus_per_worker)


def _fits(memory: ModelMemory) -> str:
    found = {sharding: workers for sharding, workers in memory.would_fit.items() if workers is not None}
    return ", ".join(f"{sharding} {workers}" for sharding, workers in found.items()) or "no number of them"


def _chips(account: Account) -> Iterable[str]:
    """What hours and money rest on, once for each accelerator."""
    for chip in dict.fromkeys(machine.accelerator for machine in account.machines.values()):
        yield (
            f"{chip.name}: {chip.peak_tflops:g} TFLOP/s in bf16 and {chip.fp32_tflops:g} in fp32, of which "
            f"training reaches {chip.mfu:.0%}; {chip.price_per_hour:g} USD an hour; set otherwise in `cost`"
        )


def _evaluation(account: Account) -> Table:
    seeds = f"{account.seeds} seed" + "s" * (account.seeds != 1)
    title = f"Smallest difference that {seeds} would show, in points"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    for column in ("benchmark", "items", "two checkpoints", "two recipes"):
        table.add_column(column, justify="left" if column == "benchmark" else "right")
    for key, one in account.detectable.items():
        items = f"{account.sizes[key].items:,}"
        table.add_row(escape(key), items, _points(one.checkpoints), _points(one.recipes))
    return table


def _points(difference: float | None) -> str:
    return "-" if difference is None else f"{difference:.2g}"


def _footer(console: Console, account: Account, rest: Estimate) -> None:
    bill, effort = account.bill.whole, account.evaluation
    engines = ", ".join(dict.fromkeys(machine.accelerator.name for machine in account.engines.values()))
    against = bill.saved_against_dropping_equal_points
    if against is not None:
        console.print(
            f"saved {bill.saved_against_one_run_per_point:.2f}× against one run per point, "
            f"{against:.2f}× against dropping equal points only",
            highlight=False,
        )
    console.print(
        f"evaluation: {effort.scores:,} scores, {effort.questions:,} questions, {effort.answers:,} answers, "
        f"about {effort.gpu_hours:.3g} hours of {engines}; judge: {effort.judge_tokens:,} tokens",
        highlight=False,
    )
    disks = ", ".join(f"{compact(disk.total)}B with keep: {keep}" for keep, disk in account.disk.items())
    console.print(f"store at its largest: {disks}", highlight=False)
    console.print(f"left to train: {rest.steps_left:,} steps, {rest.text}", highlight=False)
