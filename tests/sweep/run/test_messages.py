"""What the coordinator says arrives as it was said."""

import pickle

import pytest

from raysft.records import FailureRecord
from raysft.store import Store
from raysft.sweep.run.messages import Admission, Snapshot, record_failure
from raysft.train.job import Progress

FAILURE = FailureRecord(stage="s", kind="out_of_memory", cause="no more", attempts=2)


@pytest.mark.parametrize(
    "message",
    [
        Admission("train", begun=2),
        Admission("failed", FAILURE),
        Snapshot(),
        Snapshot(
            done=frozenset("ab"),
            failed={"c": FAILURE},
            running=frozenset("d"),
            progress={"d": Progress("d", 0, 1, 4, 2.0, 10, 0.1)},
            trained=2,
            resumed=1,
            scored=3,
            scores=frozenset({("b", "math")}),
            scoring=1,
            score_failures={("a", "math"): "gone"},
        ),
    ],
)
def test_a_message_travels_between_processes(message: object) -> None:
    assert pickle.loads(pickle.dumps(message)) == message


def test_the_first_cause_of_a_failure_is_kept(tmp_path) -> None:
    store = Store.open(tmp_path)
    record_failure(store, FAILURE)
    record_failure(store, FAILURE.model_copy(update={"cause": "another"}))
    assert FailureRecord.model_validate(store.read_document("failures", "s")) == FAILURE
