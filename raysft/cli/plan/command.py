"""`raysft plan` from the checked sweep file to what is printed."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from raysft.cli.plan.as_json import write_plan
from raysft.cli.plan.as_text import show_plan
from raysft.cli.plan.points import show_points
from raysft.plan.cost.estimate import estimate
from raysft.plan.tree import Plan
from raysft.records import StageRecord
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.dry_plan import survey
from raysft.sweep.inputs.plan_totals import Account, account


@dataclass(frozen=True)
class Surveyed:
    """A plan, added up, and what of it is in the store."""

    account: Account
    records: Mapping[str, StageRecord]
    """Of finished stages, by fingerprint."""


@contextmanager
def surveyed(spec: SweepSpec, store_url: str) -> Iterator[Surveyed]:
    """Survey a sweep, and add it up.

    Sources are tokenised into the store if there is one, else into a temporary one: looking at a plan leaves
    nothing behind.
    """
    with ExitStack() as stack:
        there = "://" in store_url or Path(store_url).exists()
        store = Store.open(store_url if there else stack.enter_context(tempfile.TemporaryDirectory()))
        found = account(survey(spec, store))
        yield Surveyed(found, _records(found.survey.plan, store))


def print_json(found: Surveyed) -> None:
    """The plan as JSON; see `raysft.cli.plan.as_json` for its keys."""
    write_plan(found.account, sys.stdout)


def print_points(found: Surveyed, console: Console) -> None:
    """Every cell with its stages."""
    show_points(console, found.account)


def print_plan(found: Surveyed, console: Console) -> None:
    """Trees, totals, and what they rest on."""
    plan = found.account.survey.plan
    finished = {
        address: (record.steps, record.provenance.seconds) for address, record in found.records.items()
    }
    show_plan(console, found.account, found.records, estimate(plan, finished))


def _records(plan: Plan, store: Store) -> dict[str, StageRecord]:
    published = {address: store.find("stages", address) for address in plan.stages}
    return {
        address: StageRecord.model_validate(one.body) for address, one in published.items() if one is not None
    }
