"""The coordinator's book: each stage is trained once, by someone, and nobody waits for ever."""

from hypothesis import given
from hypothesis import strategies as st
from support.example_plan import plan_of, stages_of

from raysft.cluster.resources import Resources
from raysft.plan.tree import Plan
from raysft.records import FailureRecord
from raysft.sweep.run.schedule import Desk

STUDY = "s: {model: tiny, strategy: [{single: general}, multi_task, mixed_sequential, {dmt: {k: 1/4}}]}"
ONE = Resources(cpus=1)


def desk(plan: Plan, cpus: float = 2) -> Desk:
    return Desk(plan, Resources(cpus=cpus), dict.fromkeys(plan.stages, ONE))


def test_a_shared_stage_is_given_to_one_trial_and_the_other_is_told() -> None:
    plan = plan_of(STUDY)
    shared = stages_of(plan, "mixed_sequential")[0]
    book = desk(plan)
    book.ask(shared, "a")
    book.ask(shared, "b")
    assert [trial for _, trial in book.grant()] == ["a"]
    assert book.grant() == []
    assert book.finish(shared) == ["b"]
    assert book.settled([shared])


def test_whoever_waits_takes_over_from_a_dead_trial() -> None:
    plan = plan_of(STUDY)
    shared = stages_of(plan, "mixed_sequential")[0]
    book = desk(plan)
    book.ask(shared, "a")
    book.ask(shared, "b")
    book.grant()
    book.release("a")
    assert [trial for _, trial in book.grant()] == ["b"]


def test_a_failed_stage_blocks_everything_below_and_nothing_else() -> None:
    plan = plan_of(STUDY)
    shared, second = stages_of(plan, "mixed_sequential")
    book = desk(plan)
    book.ask(shared, "a")
    book.grant()
    book.ask(second, "b")
    freed = book.fail(FailureRecord(stage=shared, kind="not_finite", cause="loss is nan", attempts=1))
    assert freed[second] == ["b"]
    assert set(book.failed) == {shared, *plan.children[shared]}
    assert book.failed[second].stage == shared
    assert not book.holders


@given(st.data())
def test_every_stage_is_trained_exactly_once_whatever_dies(data: st.DataObject) -> None:
    """Trials follow points, one stage after the other; some die and begin again; each stage finishes once."""
    plan = plan_of(STUDY)
    book = desk(plan, data.draw(st.integers(1, 3)))
    left = {f"trial{number}": list(point.stages) for number, point in enumerate(plan.points)}
    finished: list[str] = []
    for _ in range(200):
        for trial, stages in left.items():
            while stages and stages[0] in book.done:
                stages.pop(0)
            waits = any(trial in trials for trials in book.waiting.values())
            if stages and not waits and trial not in book.holders.values():
                book.ask(stages[0], trial)
        book.grant()
        assert len(book.holders) <= book.capacity.cpus
        if not book.holders:
            break
        holder = data.draw(st.sampled_from(sorted(book.holders.items())))
        if data.draw(st.booleans()):
            finished.append(holder[0])
            book.finish(holder[0])
        elif len(finished) < 50:
            book.release(holder[1])
    if not any(left.values()):
        assert sorted(finished) == sorted(plan.stages)
    assert len(finished) == len(set(finished))
