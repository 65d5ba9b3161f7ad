"""From snapshots to events and totals."""

from support.example_progress import Example

from raysft.cli.progress.facts import Event, Events, totals
from raysft.records import FailureRecord
from raysft.sweep.run.messages import Snapshot

ONE = Example()


def failure(stage: str) -> FailureRecord:
    return FailureRecord(stage=stage, kind="not_finite", cause="loss is nan", attempts=1)


def test_what_the_store_had_is_no_event() -> None:
    events = Events(ONE.watched(ONE.base))
    first = Snapshot(done=frozenset({ONE.shared}), scores=ONE.scores(ONE.base))
    assert events.since_last(first) == []


def test_a_stage_begins_and_ends_once() -> None:
    events = Events(ONE.watched())
    assert events.since_last(Snapshot(running=frozenset({ONE.shared}))) == [Event("stage_began", ONE.shared)]
    assert events.since_last(Snapshot(running=frozenset({ONE.shared}))) == []
    done = Snapshot(done=frozenset({ONE.shared}), running=frozenset({ONE.last}))
    assert events.since_last(done) == [Event("stage_ended", ONE.shared), Event("stage_began", ONE.last)]
    assert events.since_last(done) == []


def test_a_stage_that_was_never_seen_at_work_still_ends() -> None:
    events = Events(ONE.watched())
    events.since_last(Snapshot())
    ended = events.since_last(Snapshot(done=frozenset({ONE.shared})))
    assert ended == [Event("stage_ended", ONE.shared)]


def test_scores_of_one_subject_come_together_and_each_once() -> None:
    events = Events(ONE.watched())
    events.since_last(Snapshot())
    made = events.since_last(Snapshot(scores=ONE.scores(ONE.base)))
    assert made == [Event("scores_made", ONE.base, ("code", "math"))]
    assert events.since_last(Snapshot(scores=ONE.scores(ONE.base))) == []


def test_a_lost_process_and_damaged_files_are_told() -> None:
    events = Events(ONE.watched())
    events.since_last(Snapshot(done=frozenset({ONE.shared}), running=frozenset({ONE.last})))
    assert events.since_last(Snapshot()) == [
        Event("stage_lost", ONE.shared),
        Event("stage_stopped", ONE.last),
    ]


def test_a_failure_comes_first_and_counts_what_it_blocks() -> None:
    events = Events(ONE.watched())
    events.since_last(Snapshot(running=frozenset({ONE.shared})))
    record = failure(ONE.shared)
    failed = Snapshot(
        failed={ONE.shared: record, ONE.last: record, ONE.other: record},
        scores=ONE.scores(ONE.base),
    )
    found = events.since_last(failed)
    assert [event.kind for event in found] == ["stage_failed", "scores_made"]
    assert found[0].blocked == 2
    assert found[0].cause == "not_finite: loss is nan"


def test_a_failed_score_is_told_with_its_cause() -> None:
    events = Events(ONE.watched())
    events.since_last(Snapshot())
    found = events.since_last(Snapshot(score_failures={(ONE.base, "math/mbpp"): "StoreError: gone"}))
    assert found == [Event("score_failed", ONE.base, ("math/mbpp",), "StoreError: gone")]


def test_a_base_is_no_point_but_its_scores_count() -> None:
    watched = ONE.watched()
    found = totals(watched, Snapshot(scores=ONE.scores(ONE.base)))
    assert (found.points, found.of_points) == (0, 2)
    assert (found.scores, found.of_scores) == (2, 8)


def test_a_point_is_done_with_its_last_score() -> None:
    watched = ONE.watched(ONE.base)
    stages = frozenset({ONE.shared, ONE.last})
    assert totals(watched, Snapshot(done=stages, scores=ONE.scores(ONE.shared))).points == 0
    assert totals(watched, Snapshot(done=stages, scores=ONE.scores(ONE.shared, ONE.last))).points == 1
    assert totals(watched, ONE.whole()).points == 2


def test_missing_scores_are_those_of_the_whole_sweep() -> None:
    watched = ONE.watched(ONE.base)
    assert watched.missing(Snapshot()) == 6
    assert watched.missing(Snapshot(scores=ONE.scores(ONE.base, ONE.shared))) == 4
    assert watched.missing(Snapshot(score_failures={(ONE.last, "code"): "x"})) == 5
    assert watched.missing(ONE.whole()) == 0


def test_points_behind_a_failure_are_over() -> None:
    record = failure(ONE.shared)
    failed = Snapshot(
        failed={ONE.shared: record, ONE.last: record, ONE.other: record}, scores=ONE.scores(ONE.base)
    )
    found = totals(ONE.watched(), failed)
    assert found.points == found.of_points == 2
    assert found.failed == 3
