"""A sweep from Python: load it, plan it, run it, read its results as DataFrames.

What `raysft plan`, `run` and `report` do, without a terminal. Ray is imported when a run starts; torch comes
earlier, with the tokenizers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from raysft.errors import InputError, Problem
from raysft.identity import StageId
from raysft.plan.cost.bill import total
from raysft.plan.tree import Plan
from raysft.spec import SweepSpec, load_sweep
from raysft.spec.checks import sweep_problems
from raysft.store import Store
from raysft.sweep.account.memory import refuse_what_does_not_fit
from raysft.sweep.account.totals import Account
from raysft.sweep.inputs.learnable import refuse_what_cannot_be_learnt
from raysft.sweep.inputs.read import Inputs, read_inputs
from raysft.sweep.results.plan_view import PlanView, view_plan
from raysft.sweep.results.publish import ITEMS, TABLE, Published, publish_results, read_table
from raysft.sweep.results.standing import (
    Missing,
    Standing,
    forget_failures,
    is_finished,
    missing_scores,
    read_standing,
    what_is_missing,
)
from raysft.sweep.run.messages import Snapshot

STORE = "runs/store"
"""Where results are kept unless something else is said: below the current folder."""

Run = Callable[[Inputs, Mapping[StageId, Standing], Store], Snapshot]
"""Carries out what is missing of a sweep on a Ray cluster."""


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep would do, as tables."""

    plan: Plan
    points: pd.DataFrame
    """One row per cell: `study`, the axes, `point`, `stages` and `stages_to_train`, and what the point takes
    by itself: `steps`, `conversation_epochs`, `tokens`, `gpu_hours`, `core_hours`, `cost` in US dollars."""
    stages: pd.DataFrame
    """One row per distinct stage: `stage`, `parent`, `model`, `trains_on`, `seed`, `points` that go through
    it, `in_store`, and what it takes, as above."""


@dataclass(frozen=True)
class Results:
    """The tables of a sweep."""

    scores: pd.DataFrame
    """One row per cell × stage (the base is stage 0) × benchmark; see docs/howto/python.md."""
    items: pd.DataFrame
    """One row per question of every score: `stage`, `benchmark_key`, `question`, `value`."""


@dataclass(frozen=True)
class Ran:
    """What a run did, and what of its sweep there is now."""

    snapshot: Snapshot
    missing: Missing
    published: Published
    store: Store


def plan_sweep(sweep: SweepSpec | Path | str, store: Path | str = STORE) -> SweepPlan:
    """Plan a sweep; neither data nor models need be here, and nothing is started or made.

    Args:
        sweep: a sweep file, or what `load_sweep` gives.
        store: of which the plan says what is there already; it need not exist.

    Raises:
        InputError: with everything that is wrong.
    """
    spec = _checked(sweep) if isinstance(sweep, SweepSpec) else load_sweep(Path(sweep), data="expected")
    with view_plan(spec, str(store)) as view:
        return SweepPlan(view.account.survey.plan, _points(view), _stages(view))


def run_sweep(
    sweep: SweepSpec | Path | str,
    store: Path | str = STORE,
    *,
    address: str | None = None,
    retry_failed: bool = False,
) -> Results:
    """Run a sweep, or go on with it: what is in the store is not done again.

    Args:
        sweep: a sweep file, or what `load_sweep` gives.
        store: a folder, or a URL such as `s3://bucket/prefix`.
        address: of a Ray cluster that is there; None starts one on this machine.
        retry_failed: also try what failed by its own fault.

    Returns:
        The tables, as far as the sweep came: a point that failed is a row that says so.

    Raises:
        InputError: something is wrong; nothing was started.
        ClusterError: the Ray cluster lacks something, or is gone.
    """
    spec = _checked(sweep) if isinstance(sweep, SweepSpec) else load_sweep(Path(sweep))
    given = None if isinstance(sweep, SweepSpec) else Path(sweep).read_bytes()

    def run(inputs: Inputs, _: Mapping[StageId, Standing], opened: Store) -> Snapshot:
        from raysft.sweep.run.run import run_sweep as run_on_ray
        from raysft.sweep.run.session import ray_session

        with ray_session(address) as session:
            return run_on_ray(inputs, opened, session)

    carry_out(spec, given, str(store), run, retry_failed=retry_failed)
    return read_results(spec, store)


def read_results(sweep: SweepSpec | Path | str, store: Path | str = STORE) -> Results:
    """The tables of a sweep, as its last run or report wrote them.

    Args:
        sweep: what `load_sweep` gives, a sweep file (`*.yaml`), or the name of the sweep.
        store: which exists.

    Raises:
        InputError: there is no store, or no table of such a sweep in it.
    """
    if not isinstance(sweep, SweepSpec) and Path(sweep).suffix in (".yaml", ".yml"):
        sweep = load_sweep(sweep, data="unseen")
    name = sweep.name if isinstance(sweep, SweepSpec) else str(sweep)
    opened = Store.existing(store)
    tables = [read_table(opened.read_file(name, part)) for part in (TABLE, ITEMS)]
    if tables[0] is None or tables[1] is None:
        remedy = f"the store {opened.url} has no tables of it; `raysft run` and `raysft report` write them"
        raise InputError([Problem("sweep", name, remedy)])
    return Results(tables[0], tables[1])


def _checked(spec: SweepSpec) -> SweepSpec:
    """A sweep made in Python, held to what must be right between its parts, as one from a file is."""
    if problems := list(sweep_problems(spec)):
        raise InputError(problems)
    return spec


def carry_out(spec: SweepSpec, given: bytes | None, store_url: str, run: Run, *, retry_failed: bool) -> Ran:
    """A sweep from its checked file to the tables in the store.

    Args:
        spec: the sweep.
        given: the file as it was written, which is kept beside it; None without one.
        store_url: where to.
        run: is called unless everything is there.
        retry_failed: also try what failed by its own fault.

    Raises:
        InputError: something is wrong with what the sweep names, a model that is yet to be trained or scored
            does not fit on its GPUs, as the plan assumes them, or cannot learn what it is given; the store
            has nothing of the sweep then but tokenised sources.
    """
    inputs, store = read_inputs(spec, store_url), Store.open(store_url)
    standing = read_standing(inputs, store)
    waiting = [stage for key, stage in inputs.plan.stages.items() if standing[key].record is None]
    refuse_what_does_not_fit(inputs, waiting, missing_scores(inputs, standing, inputs.asked))
    refuse_what_cannot_be_learnt(inputs, waiting)
    if given is not None:
        store.write_file(spec.name, "given.yaml", given)
    written = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False)
    store.write_file(spec.name, "sweep.yaml", written.encode())
    forget_failures(inputs, standing, store, every=retry_failed)
    snapshot = Snapshot()
    if not is_finished(inputs, standing, store):
        snapshot = run(inputs, standing, store)
        standing = read_standing(inputs, store)
    published = publish_results(inputs, standing, store)
    return Ran(snapshot, what_is_missing(inputs, standing), published, store)


def _points(view: PlanView) -> pd.DataFrame:
    account = view.account
    rows = [
        {
            "study": cell.study,
            **cell.axes(),
            "point": point.fingerprint,
            "stages": len(point.stages),
            "stages_to_train": sum(stage not in view.records for stage in point.stages),
            **_takes(account, point.stages),
        }
        for point in account.survey.plan.points
        for cell in point.cells
    ]
    return pd.DataFrame(rows)


def _stages(view: PlanView) -> pd.DataFrame:
    plan = view.account.survey.plan
    rows = [
        {
            "stage": address,
            "parent": stage.parent,
            "model": stage.model,
            "trains_on": stage.mixture_text(),
            "seed": stage.seed,
            "points": plan.users[address],
            "in_store": address in view.records,
            **_takes(view.account, (address,)),
        }
        for address, stage in plan.stages.items()
    ]
    return pd.DataFrame(rows)


def _takes(account: Account, stages: tuple[StageId, ...]) -> dict[str, float]:
    effort = total([account.efforts[stage] for stage in stages])._asdict()
    kept = ("steps", "conversation_epochs", "tokens", "gpu_hours", "core_hours", "cost")
    return {name: effort[name] for name in kept}
