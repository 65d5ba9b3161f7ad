"""The order of a source, and that subsets nest."""

import hashlib
import itertools
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.composition.exact import count_of
from raysft.composition.order import SourceIndex, SourcePart, epoch_order, ordered, split_held_out
from raysft.identity import digest_lines

ids = st.lists(st.text("0123456789abcdef", min_size=1, max_size=6), unique=True, max_size=60)
seeds = st.integers(min_value=0, max_value=2**32 - 1)
AMOUNTS = [Fraction(1, 256), Fraction(1, 64), Fraction(1, 16), Fraction(1, 4), Fraction(1)]


def named(count: int) -> list[str]:
    return [f"{number:05x}" for number in range(count)]


@given(ids, seeds, st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_the_order_of_the_file(
    found: list[str], seed: int, random: Random
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    assert ordered(shuffled, "subset", seed) == ordered(found, "subset", seed)


@given(ids, seeds)
def test_an_order_holds_every_id_once(found: list[str], seed: int) -> None:
    assert sorted(ordered(found, "subset", seed)) == sorted(found)


@given(ids.filter(bool), seeds)
def test_smaller_amounts_are_inside_larger_ones(found: list[str], seed: int) -> None:
    source = SourceIndex("math", tuple(sorted(found)))
    taken = [source.prefix(seed, count_of(amount, source.rows)) for amount in AMOUNTS]
    for smaller, larger in itertools.pairwise(taken):
        assert larger[: len(smaller)] == smaller
    assert set(taken[-1]) == set(found)


@given(ids, seeds, st.text("0123456789abcdef", min_size=7, max_size=7))
def test_one_more_conversation_leaves_the_order_of_the_others(found: list[str], seed: int, new: str) -> None:
    grown = ordered([*found, new], "subset", seed)
    assert tuple(one for one in grown if one != new) == ordered(found, "subset", seed)


def test_seeds_and_purposes_give_orders_of_their_own() -> None:
    found = named(50)
    orders = {
        ordered(found, "subset", 0),
        ordered(found, "subset", 1),
        ordered(found, "epoch", 0, 0),
        ordered(found, "epoch", 0, 1),
        ordered(found, "epoch", 1, 0),
        ordered(found, "held-out"),
    }
    assert len(orders) == 6


def test_the_order_is_a_keyed_hash_that_will_never_change() -> None:
    found = named(40)

    def rank(one: str) -> bytes:
        return hashlib.blake2b(one.encode(), key=b"subset/7", digest_size=16).digest()

    assert ordered(found, "subset", 7) == tuple(sorted(found, key=rank))
    assert ordered(named(4), "subset", 7) == ("00001", "00002", "00003", "00000")


def test_a_prefix_is_a_fair_sample() -> None:
    # Of 4,000 ids, a quarter taken under each of 40 seeds: each half of the file gives half, within 4 sigma.
    found = named(4_000)
    source, first_half = SourceIndex("math", tuple(found)), set(found[:2_000])
    share = sum(len(first_half.intersection(source.prefix(seed, 1_000))) for seed in range(40)) / 40_000
    assert abs(share - 0.5) < 4 * (0.25 * 0.75 / 40_000) ** 0.5


def test_a_seed_too_long_for_the_hash_is_refused_rather_than_cut() -> None:
    with pytest.raises(ValueError, match="key"):
        ordered(named(3), "subset", 10**80)


def test_digests_of_prefixes_tell_seeds_and_counts_apart() -> None:
    source = SourceIndex("math", tuple(named(30)))
    digests = {source.prefix_digest(seed, count) for seed in (0, 1) for count in (5, 15)}
    assert len(digests) == 4
    assert source.prefix_digest(0, 30) == source.prefix_digest(1, 30), "every seed chooses everything"
    assert SourceIndex("renamed", tuple(named(30))).prefix_digest(0, 15) == source.prefix_digest(0, 15)


def test_a_joined_source_that_repeats_is_told_from_one_that_is_used_whole() -> None:
    parts = (SourcePart(Fraction(1), ("a", "b")), SourcePart(Fraction(1), ("c", "d", "e", "f")))
    source = SourceIndex("math", tuple("abcdef"), parts=parts)
    assert source.rows == 4, "b runs out"
    chosen = sorted(source.prefix(0, 6))
    assert len(set(chosen)) == 4
    assert source.prefix_digest(0, 6) == digest_lines(chosen)


@given(st.lists(st.sampled_from("abcdef"), max_size=20), seeds, st.integers(0, 5))
def test_an_epoch_visits_every_position_once(found: list[str], seed: int, epoch: int) -> None:
    order = epoch_order(found, seed, epoch)
    assert sorted(order) == list(range(len(found)))


@given(ids, seeds, st.integers(0, 5), st.randoms(use_true_random=False))
def test_an_epoch_visits_the_same_conversations_however_they_are_listed(
    found: list[str], seed: int, epoch: int, random: Random
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    visited = [found[place] for place in epoch_order(found, seed, epoch)]
    assert [shuffled[place] for place in epoch_order(shuffled, seed, epoch)] == visited


def test_epochs_differ() -> None:
    assert epoch_order(named(30), 0, 0) != epoch_order(named(30), 0, 1)


@given(ids, st.integers(0, 70))
def test_held_out_and_kept_divide_the_source(found: list[str], count: int) -> None:
    kept, held_out = split_held_out(found, count)
    assert len(held_out) == min(count, len(found))
    assert sorted([*kept, *held_out]) == sorted(found)
    assert (list(kept), list(held_out)) == (sorted(kept), sorted(held_out))


@given(ids, st.integers(0, 30), st.integers(0, 30))
def test_a_larger_held_out_set_contains_a_smaller_one(found: list[str], one: int, other: int) -> None:
    smaller, larger = sorted([one, other])
    assert set(split_held_out(found, smaller)[1]) <= set(split_held_out(found, larger)[1])
