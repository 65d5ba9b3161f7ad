"""`raysft plan` from the checked sweep file to what is printed."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

from raysft.cli.plan.as_json import write_plan
from raysft.cli.plan.as_text import Rest, show_plan
from raysft.cli.plan.points import show_points
from raysft.plan.cost.estimate import estimate
from raysft.records import StageRecord
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.dry_plan import survey
from raysft.sweep.inputs.plan_totals import Account, account
from raysft.sweep.inputs.viewed_store import viewed_store
from raysft.sweep.results.standing import read_standing
from raysft.sweep.results.why import NOT_TRAINED, NOTHING_LIKE_IT, Reasons, reasons


@dataclass(frozen=True)
class Surveyed:
    """A plan, added up, and what of it is in the store."""

    account: Account
    records: Mapping[str, StageRecord]
    """Of finished stages, by fingerprint."""
    missing: Reasons
    """Why a run would make what is not in the store."""


@contextmanager
def surveyed(spec: SweepSpec, store_url: str) -> Iterator[Surveyed]:
    """Survey a sweep, and add it up.

    Sources that the store does not have are tokenised into a temporary one: looking at a plan leaves nothing
    behind.
    """
    with viewed_store(store_url) as store:
        found = account(survey(spec, store))
        yield _compared(found, store.kept)


def print_json(found: Surveyed) -> None:
    """The plan as JSON; see `raysft.cli.plan.as_json` for its keys."""
    write_plan(found.account, found.missing, sys.stdout)


def print_points(found: Surveyed, console: Console) -> None:
    """Every cell with its stages."""
    show_points(console, found.account)


def print_plan(found: Surveyed, console: Console) -> None:
    """Trees, totals, and what they rest on."""
    plan = found.account.survey.plan
    finished = {
        address: (record.steps, record.provenance.seconds) for address, record in found.records.items()
    }
    show_plan(console, found.account, found.records, Rest(estimate(plan, finished), found.missing))


def _compared(found: Account, store: Store | None) -> Surveyed:
    """The plan beside what is in the store; without one everything is missing for the same reason."""
    inputs = found.survey
    if store is None:
        scores = {
            (subject, key): NOT_TRAINED for subject, one in inputs.asked.items() for key in one.benchmarks
        }
        return Surveyed(found, {}, Reasons(dict.fromkeys(inputs.plan.stages, NOTHING_LIKE_IT), scores))
    standing = read_standing(inputs, store)
    records = {address: one.record for address, one in standing.items() if one.record is not None}
    return Surveyed(found, records, reasons(inputs, standing, store))
