"""Failures of stages, as they are kept."""

from datetime import UTC, datetime

from raysft.records import FailureRecord
from raysft.store import Store
from raysft.sweep.desk import Failure


def record_failure(store: Store, failure: Failure) -> None:
    """Keep why a stage has no weights; a failure that was recorded before stays as it is."""
    record = FailureRecord(
        stage=failure.stage,
        kind=failure.kind,
        cause=failure.cause,
        attempts=1,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    store.write_document("failures", failure.stage, record.model_dump(mode="json"))
