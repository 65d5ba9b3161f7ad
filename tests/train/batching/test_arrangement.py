import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.train.batching.arrangement import arrange, deal, packed, padded

LENGTHS = st.lists(st.integers(1, 60), max_size=30)


@given(LENGTHS, st.integers(1, 5), st.integers(1, 100), st.sampled_from(["padded", "packed"]))
def test_every_piece_is_computed_once_by_one_worker(lengths, workers, capacity, layout):
    plans = arrange(lengths, workers, capacity, layout)
    assert len(plans) == workers
    assert sorted(one for plan in plans for group in plan for one in group) == list(range(len(lengths)))


@given(LENGTHS, st.integers(1, 5), st.integers(1, 100), st.sampled_from(["padded", "packed"]))
def test_all_workers_have_as_many_micro_batches(lengths, workers, capacity, layout):
    counts = {len(plan) for plan in arrange(lengths, workers, capacity, layout)}
    assert len(counts) == 1
    assert counts.pop() >= 1


@given(LENGTHS, st.integers(1, 100))
def test_a_micro_batch_keeps_to_its_capacity_unless_one_piece_is_longer(lengths, capacity):
    for group in padded(lengths, capacity):
        assert len(group) == 1 or len(group) * max(lengths[one] for one in group) <= capacity
    for group in packed(lengths, capacity):
        assert len(group) == 1 or sum(lengths[one] for one in group) <= capacity


def test_padding_is_weighed_against_one_more_micro_batch():
    assert sorted(map(sorted, padded([100, 90, 20, 10], 4096))) == [[0, 1], [2, 3]]
    assert padded([20, 19, 18, 17], 4096) == [[0, 1, 2, 3]]


def test_packed_rows_are_filled():
    assert packed([50, 50, 60, 40], 100) == [[2, 3], [0, 1]]


@pytest.mark.parametrize("workers", [2, 3, 8])
def test_workers_have_about_as_much_to_do(workers):
    lengths = [7 * one % 97 + 1 for one in range(64)]
    loads = [sum(lengths[one] for one in share) for share in deal(lengths, workers)]
    assert max(loads) - min(loads) <= max(lengths)
