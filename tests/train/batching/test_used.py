"""What a record says of a stage's data is what its steps saw."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.stage_factory import conversations, make_job

from raysft.composition.order import SourceIndex
from raysft.spec.recipe import Recipe
from raysft.train.batching.batches import Batches
from raysft.train.batching.corpus import read_corpus
from raysft.train.batching.used import ReadRow, used_source
from raysft.train.group import SingleProcess
from raysft.train.job import JobPortion
from raysft.train.loop import train_stage

ROWS = conversations(225)


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 90), st.integers(0, 5))
def test_presentations_are_those_of_the_steps(count: int, size: int, steps: int, seed: int) -> None:
    one = Batches([f"{place:x}" for place in range(count)], Recipe(batch_size=size, steps=steps), seed)
    seen = Counter(place for _, batch in one.after(0) for place in batch)
    assert one.presentations() == [seen[place] for place in range(count)]


@pytest.mark.parametrize(
    ("length", "conversations_", "presentations"),
    [
        ({"steps": 7, "epochs": None}, 112, 112),
        ({"epochs": 1}, 225, 225),
        ({"epochs": 3}, 225, 675),
        ({"steps": 20, "epochs": None}, 225, 225 + 5 * 16),
    ],
    ids=["part of an epoch", "one epoch", "three epochs", "an epoch and a part"],
)
def test_what_is_recorded_is_what_was_trained(tmp_path, length, conversations_, presentations) -> None:
    job = make_job(tmp_path, ROWS, batch_size=16, **length)
    corpus, (used,) = read_corpus(job)
    steps = [batch for _, batch in Batches(job.ids, job.recipe, job.seed).after(0)]
    seen = [job.ids[place] for batch in steps for place in batch]
    assert (used.asked, used.conversations, used.presentations) == (225, conversations_, presentations)
    assert used.conversations == len(set(seen))
    assert used.presentations == len(seen)
    assert used.tokens == sum(len(ROWS[one].tokens) for one in set(seen))
    assert used.presented_tokens == sum(len(ROWS[one].tokens) for one in seen)
    assert used.supervised_tokens == sum(sum(ROWS[one].supervised) for one in set(seen))
    assert used.presented_supervised_tokens == sum(
        int(corpus.targets[place]) for batch in steps for place in batch
    )


@pytest.mark.parametrize("count", [225, 100, 600])
def test_a_whole_mixture_has_the_digest_of_the_plan(tmp_path, count: int) -> None:
    index = SourceIndex("math", tuple(sorted(ROWS)))
    job = make_job(tmp_path, ROWS, batch_size=16, epochs=2)
    portion = replace(job.portions[0], ids=index.prefix(3, count))
    _, (used,) = read_corpus(replace(job, portions=(portion,)))
    assert used.ids_digest == index.prefix_digest(3, count)
    assert (used.asked, used.conversations) == (count, min(count, 225))


def test_a_part_of_a_mixture_has_another_digest(tmp_path) -> None:
    index = SourceIndex("math", tuple(sorted(ROWS)))
    _, (used,) = read_corpus(make_job(tmp_path, ROWS, batch_size=16, steps=7, epochs=None))
    assert used.ids_digest != index.prefix_digest(0, 225)


def test_of_several_places_of_a_conversation_one_is_counted() -> None:
    rows = [ReadRow(5, 2, "cut"), ReadRow(7, 3, "whole"), ReadRow(5, 2, "cut")]
    used = used_source(JobPortion("math", "", ("a", "b", "a")), rows, [1, 0, 2])
    assert (used.asked, used.conversations, used.presentations) == (3, 1, 3)
    assert (used.tokens, used.presented_tokens, used.cut, used.dropped) == (5, 15, 1, 0)


def test_a_resumed_stage_records_all_its_steps(tmp_path) -> None:
    whole = train_stage(
        make_job(tmp_path, ROWS, batch_size=16, steps=7, epochs=None), SingleProcess(), lambda _: None
    )

    class Stopped(Exception):
        pass

    def stop(progress) -> None:
        if progress.step == 5:
            raise Stopped

    job = make_job(tmp_path, ROWS, batch_size=16, steps=7, epochs=None, resume_every_s=0, output="again")
    with pytest.raises(Stopped):
        train_stage(job, SingleProcess(), stop)
    resumed = train_stage(replace(job, attempt="second"), SingleProcess(), lambda _: None)
    assert resumed.provenance.resumed_at
    assert resumed.used == whole.used
