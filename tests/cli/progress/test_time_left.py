"""The time left, from made-up speeds."""

from dataclasses import replace

import pytest
from support.example_progress import Example

from raysft.cli.progress.facts import Watched
from raysft.cli.progress.time_left import TimeLeft
from raysft.sweep.run.messages import Snapshot

ONE = Example()
SHARED = ONE.plan.stages[ONE.shared].conversation_epochs
LAST = ONE.plan.stages[ONE.last].conversation_epochs
OTHER = ONE.plan.stages[ONE.other].conversation_epochs
EVERYTHING = ONE.scores(ONE.base, *ONE.plan.stages)


def half_way(seconds: float) -> Snapshot:
    return Snapshot(running=frozenset({ONE.shared}), progress=ONE.progress(ONE.shared, 0.5, seconds))


def test_nothing_is_known_at_first() -> None:
    estimate = TimeLeft(ONE.watched())
    assert estimate.left() is None
    estimate.see(Snapshot(), 0)
    estimate.see(Snapshot(running=frozenset({ONE.shared})), 10)
    assert estimate.left() is None


def test_the_rest_takes_as_long_for_each_conversation() -> None:
    estimate = TimeLeft(ONE.watched(ONE.base, *ONE.plan.stages))
    estimate.see(half_way(0), 0)
    estimate.see(half_way(100), 100)
    left = estimate.left()
    assert left is not None
    assert left.whole
    assert left.seconds == pytest.approx(100 * (SHARED / 2 + LAST + OTHER) / (SHARED / 2), rel=0.01)


def test_what_a_stage_takes_beside_its_steps_is_counted_for_those_to_come() -> None:
    estimate = TimeLeft(ONE.watched(ONE.base, *ONE.plan.stages))
    estimate.see(half_way(0), 0)
    estimate.see(half_way(100), 130)
    left = estimate.left()
    assert left is not None
    assert left.seconds == pytest.approx(100 * (SHARED / 2 + LAST + OTHER) / (SHARED / 2) + 2 * 30, rel=0.01)


def test_two_at_once_take_half_as_long_but_no_less_than_the_longest_chain() -> None:
    estimate = TimeLeft(ONE.watched(ONE.base, *ONE.plan.stages))
    both = Snapshot(
        done=frozenset({ONE.shared}),
        running=frozenset({ONE.last, ONE.other}),
        progress={**ONE.progress(ONE.last, 0.5, 50), **ONE.progress(ONE.other, 0.5, 50)},
    )
    estimate.see(replace(both, progress={}), 0)
    estimate.see(both, 50)
    rate = 100 / (LAST / 2 + OTHER / 2)
    left = estimate.left()
    assert left is not None
    expected = max(rate * (LAST / 2 + OTHER / 2) / 2, rate * max(LAST, OTHER) / 2)
    assert left.seconds == pytest.approx(expected, rel=0.02)


def test_scores_to_make_are_counted_once_their_speed_is_known() -> None:
    estimate = TimeLeft(ONE.watched())
    estimate.see(half_way(0), 0)
    estimate.see(half_way(100), 100)
    before = estimate.left()
    assert before is not None
    assert not before.whole, "no score was made yet"
    scoring = replace(half_way(100), scoring=1)
    estimate.see(scoring, 100)
    made = replace(half_way(100), scored=2, scores=ONE.scores(ONE.base))
    estimate.see(made, 120)
    after = estimate.left()
    assert after is not None
    assert after.whole
    assert after.seconds > before.seconds


def test_a_model_of_which_no_step_was_seen_makes_it_a_lower_bound() -> None:
    stages = {**ONE.plan.stages, ONE.last: replace(ONE.plan.stages[ONE.last], model="other")}
    plan = replace(ONE.plan, stages=stages)
    estimate = TimeLeft(Watched(plan, frozenset()))
    estimate.see(half_way(0), 0)
    estimate.see(half_way(100), 100)
    left = estimate.left()
    assert left is not None
    assert not left.whole
    assert left.seconds == pytest.approx(100 * (SHARED / 2 + OTHER) / (SHARED / 2), rel=0.01)


def test_nothing_is_left_of_a_finished_sweep() -> None:
    estimate = TimeLeft(ONE.watched())
    estimate.see(half_way(100), 0)
    estimate.see(ONE.whole(), 50)
    left = estimate.left()
    assert left is not None
    assert left.seconds == 0
    assert left.whole
