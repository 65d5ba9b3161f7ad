"""A plan beside what the store has of it. Nothing is made or changed by looking."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from raysft.identity import StageId
from raysft.records import StageRecord
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.account.totals import Account, account
from raysft.sweep.inputs.dry_plan import survey
from raysft.sweep.inputs.viewed_store import viewed_store
from raysft.sweep.results.standing import read_standing
from raysft.sweep.results.why import NOT_TRAINED, NOTHING_LIKE_IT, Reasons, StageReason, reasons


@dataclass(frozen=True)
class PlanView:
    """A plan, added up, and what of it is in the store."""

    account: Account
    records: Mapping[StageId, StageRecord]
    """Of finished stages, by fingerprint."""
    missing: Reasons
    """Why a run would make what is not in the store."""
    has_store: bool
    """Whether there is a store to compare with."""


@contextmanager
def view_plan(spec: SweepSpec, store_url: str) -> Iterator[PlanView]:
    """Survey a sweep, add it up, and compare it with a store, which need not exist.

    Sources that the store does not have are tokenised into a temporary folder, which is there as long as the
    block runs.

    Raises:
        InputError: with everything that is wrong with what is here, and what cannot be planned without.
    """
    with viewed_store(store_url) as store:
        yield _compared(account(survey(spec, store)), store.kept)


def _compared(found: Account, store: Store | None) -> PlanView:
    """The plan beside what is in the store; without one everything is missing for the same reason."""
    inputs = found.survey
    if store is None:
        asked = [(subject, key) for subject, one in inputs.asked.items() for key in one.benchmarks]
        stages = dict.fromkeys(inputs.plan.stages, StageReason(NOTHING_LIKE_IT))
        missing = Reasons(stages, dict.fromkeys(asked, NOT_TRAINED))
        return PlanView(found, {}, missing, has_store=False)
    standing = read_standing(inputs, store)
    records = {address: one.record for address, one in standing.items() if one.record is not None}
    return PlanView(found, records, reasons(inputs, standing, store), has_store=True)
