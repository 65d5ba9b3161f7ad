"""The tables of a plan on the terminal. On 80 columns nothing is cut, and only long names are folded."""

from collections.abc import Mapping

from rich.markup import escape
from rich.table import Table

from raysft.plan.cost.accelerators import GIB
from raysft.plan.cost.bill import Bill, Effort, Totals
from raysft.plan.cost.whole import WholeCost
from raysft.sweep.account.clock import devices
from raysft.sweep.account.memory import ModelMemory
from raysft.sweep.account.totals import Account


def totals_table(bill: Bill) -> Table:
    """One row per study and model, the whole below."""
    distinct = "\n(distinct)" if bill.whole.points != bill.whole.distinct_points else ""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", overflow="fold", min_width=12)
    work = ("stages", "conv.\nepochs", "superv.\ntokens")
    saved = ("hours\nsaved", "conv.\nsaved")
    for title in (f"points{distinct}", *work, hours_title(bill.whole.shared), "USD", *saved):
        table.add_column(title, justify="right", no_wrap=True)
    if len(bill.by_study) > 1:
        _rows(table, bill.by_study, bill.whole)
    if len(bill.by_model) > 1:
        _rows(table, bill.by_model, bill.whole)
    _rows(table, {"all": bill.whole}, bill.whole)
    return table


def _rows(table: Table, totals: Mapping[str, Totals], whole: Totals) -> None:
    for name, one in totals.items():
        saved = (one.hours_saved_against_one_run_per_point, one.saved_against_one_run_per_point)
        distinct = f" ({one.distinct_points:,})" if whole.points != whole.distinct_points else ""
        table.add_row(
            escape(name),
            f"{one.points:,}{distinct}",
            f"{one.stages:,}",
            compact(one.shared.conversation_epochs),
            compact(one.shared.supervised_tokens),
            hours_cell(one.shared, whole.shared),
            compact(one.shared.cost),
            *("" if times is None else f"{times:.2f}×" for times in saved),
        )
    table.add_section()


def hours_title(whole: Effort) -> str:
    """Title of a column of hours: their unit, if all are of one kind."""
    if whole.gpu_hours and whole.core_hours:
        return "hours"
    return "core-\nhours" if whole.core_hours else "GPU-\nhours"


def hours_cell(one: Effort, whole: Effort) -> str:
    """Hours in such a column; where the whole has two kinds, each says its unit, one above the other."""
    if not (whole.gpu_hours and whole.core_hours):
        return compact(one.hours)
    said = ((one.gpu_hours, "GPU"), (one.core_hours, "core"))
    return "\n".join(f"{compact(hours)} {unit}" for hours, unit in said if hours)


def compact(number: float) -> str:
    """Three digits and a unit of thousands: 12,345,678 is `12.3M`; of what is next to nothing only that."""
    if 0 < abs(number) < 0.0005:
        return "<0.001"
    for unit in ("", "k", "M", "G", "T", "P"):
        if abs(number) < 999.5:
            return f"{number:.3g}{unit}"
        number /= 1000
    return f"{number:.3g}E"


def machines_table(account: Account) -> Table:
    """What each model trains on; of those on GPUs also their memory."""
    table = Table(box=None, pad_edge=False)
    on_gpus, models = bool(account.memory), account.survey.spec.models
    for title in (
        "model",
        "parameters",
        "trains on",
        *(("GiB per GPU", "workers") if on_gpus else ()),
    ):
        table.add_column(title, overflow="fold", no_wrap=title in ("parameters", "trains on"))
    for model, machine in account.machines.items():
        chip, memory = machine.accelerator, account.memory.get(model)
        of_gpus = (
            f"{memory.needs.total / GIB:.1f} of {chip.memory_gib:g}" if memory else "",
            _workers(memory) if memory else "",
        )
        size, trains_on = compact(machine.shape.parameters), f"{devices(models[model])} {chip.name}"
        table.add_row(escape(model), size, trains_on, *(of_gpus if on_gpus else ()))
    return table


def _workers(memory: ModelMemory) -> str:
    """The smallest number on which a model trains, of those that were tried."""
    found = [workers for workers in memory.would_fit.values() if workers is not None]
    return f"{min(found)} or more" if found else "no number fits"


def whole_table(whole: WholeCost) -> Table:
    """Training, what comes beside it, and the sum; a column for each kind of hours there is."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    total = whole.total
    kinds = [("GPU-hours", "gpu_hours"), ("core-hours", "core_hours")]
    kinds = [(title, field) for title, field in kinds if getattr(total, field)]
    for title, _ in (*kinds, ("USD", "")):
        table.add_column(title, justify="right", no_wrap=True)
    parts = {
        "training": whole.training,
        "starting stages, reading and writing weights": whole.starting,
        "answering questions": whole.answering,
        "giving weights to engines": whole.loading,
        "in all": total,
    }
    for name, part in parts.items():
        hours = (compact(getattr(part, field)) for _, field in kinds)
        table.add_row(name, *hours, compact(part.cost))
    return table


def detectable_table(account: Account) -> Table:
    """A row per benchmark: two checkpoints, and two recipes for each number of seeds above one."""
    several = [seeds for seeds in account.detectable if seeds > 1]
    fewest = account.detectable[min(account.detectable)]
    table = Table(box=None, pad_edge=False)
    table.add_column("benchmark", overflow="fold")
    recipes = [f"two recipes,\n{seeds} seeds" for seeds in several]
    for title in ("items", "two\ncheckpoints", *recipes):
        table.add_column(title, justify="right", no_wrap=True)
    for key, size in account.sizes.items():
        between = [fewest[key].checkpoints, *(account.detectable[seeds][key].recipes for seeds in several)]
        table.add_row(escape(key), f"{size.items:,}", *map(_points, between))
    return table


def _points(difference: float | None) -> str:
    return "-" if difference is None else f"{difference:.2g}"
