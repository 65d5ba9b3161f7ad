"""A step, however it is shared out: every target once, after the right tokens, with the right weight."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.drawn_corpus import DRAWN, Drawn, Piece, Seen, corpus_of, expected, seen, target_count

from raysft.spec.recipe import Recipe
from raysft.train.batching.batches import Batches
from raysft.train.batching.global_batch import GlobalBatch, worker_share

LAYOUTS = st.sampled_from(["padded", "packed"])
LOSSES = st.sampled_from(["token", "conversation"])
CAPACITIES = st.integers(1, 60)


def shares(drawn: Drawn, conversations, recipe, layout, capacity, workers) -> list[GlobalBatch]:
    corpus = corpus_of(drawn)
    return [
        worker_share(
            corpus, conversations, recipe, layout=layout, capacity=capacity, rank=rank, workers=workers
        )
        for rank in range(workers)
    ]


def together(found: list[GlobalBatch]) -> Counter[Seen]:
    return Counter(one for share in found for batch in share.micro_batches for one in seen(batch))


def price(one: Seen) -> float:
    """In place of a model: a loss that depends on every token before the target, and on the target."""
    return 1 + sum((place + 1) * token for place, token in enumerate((*one.before, one.target))) % 17


def loss_of(found: list[GlobalBatch]) -> float:
    """As the training loop forms it: each worker's weighted sum over the common number."""
    return sum(
        price(one) * one.weight / share.denominator
        for share in found
        for batch in share.micro_batches
        for one in seen(batch)
    )


@settings(max_examples=50)
@given(DRAWN, LOSSES, LAYOUTS, CAPACITIES, st.integers(1, 5), st.data())
def test_workers_together_see_every_target_once_after_the_tokens_of_its_piece(
    drawn, loss, layout, capacity, workers, data
):
    chosen = data.draw(st.lists(st.integers(0, len(drawn) - 1), unique=True, min_size=1))
    found = shares(drawn, chosen, Recipe(loss=loss), layout, capacity, workers)
    assert together(found) == expected(drawn, chosen, loss)


@settings(max_examples=50)
@given(DRAWN, LOSSES, LAYOUTS, CAPACITIES, st.integers(1, 5))
def test_every_worker_knows_the_numbers_of_the_whole_batch(drawn, loss, layout, capacity, workers):
    everything = range(len(drawn))
    found = shares(drawn, everything, Recipe(loss=loss), layout, capacity, workers)
    counts = [target_count(one) for one in drawn]
    denominator = sum(counts) if loss == "token" else sum(count > 0 for count in counts)
    tokens = sum(len(piece.tokens) for one in drawn for piece in one)
    assert {(one.denominator, one.tokens) for one in found} == {(denominator, tokens)}
    assert len({len(one.micro_batches) for one in found}) == 1, "or one worker would wait for the others"


@settings(max_examples=50)
@given(DRAWN, LAYOUTS, CAPACITIES, st.integers(1, 5))
def test_the_loss_is_the_mean_that_the_recipe_names(drawn, layout, capacity, workers):
    everything = range(len(drawn))
    prices = [[price(one) for one in expected([each], [0], "token").elements()] for each in drawn]
    told = [one for one in prices if one]
    by_token = sum(map(sum, told)) / max(1, sum(map(len, told)))
    by_conversation = sum(sum(one) / len(one) for one in told) / max(1, len(told))
    for loss, mean in (("token", by_token), ("conversation", by_conversation)):
        found = shares(drawn, everything, Recipe(loss=loss), layout, capacity, workers)
        assert loss_of(found) == pytest.approx(mean, rel=1e-5)


@settings(max_examples=50)
@given(DRAWN, LAYOUTS, CAPACITIES, st.integers(1, 4))
def test_no_position_is_computed_for_a_last_token_and_padding_is_only_on_the_right(
    drawn, layout, capacity, workers
):
    found = shares(drawn, range(len(drawn)), Recipe(), layout, capacity, workers)
    read = sum(len(piece.tokens) - 1 for one in drawn for piece in one)
    batches = [batch for share in found for batch in share.micro_batches if len(batch.target_S)]
    positions = sum(batch.input_BT.numel() for batch in batches)
    assert positions >= read
    if layout == "packed":
        assert positions == read, "a packed row has no padding at all"
    for batch in batches:
        rows, width = batch.input_BT.shape
        assert int((batch.predictor_S % width).max()) == width - 1, "the longest row ends with a target"
        pieces = rows if layout == "padded" else int((batch.positions_BT == 0).sum())
        assert pieces == 1 or rows * width <= capacity
        assert rows == 1 or layout == "padded"


@settings(max_examples=50)
@given(
    DRAWN, LAYOUTS, CAPACITIES, st.integers(2, 5), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99)
)
def test_every_epoch_sees_every_target_once_in_the_same_steps_for_any_number_of_workers(
    drawn, layout, capacity, workers, batch_size, epochs, seed
):
    recipe = Recipe(batch_size=batch_size, epochs=epochs)
    batches = Batches([f"{one:x}" for one in range(len(drawn))], recipe, seed)
    whole: Counter[Seen] = Counter()
    tokens = 0
    for _, chosen in batches.after(0):
        alone = shares(drawn, chosen, recipe, layout, capacity, 1)
        shared = shares(drawn, chosen, recipe, layout, capacity, workers)
        assert together(alone) == together(shared)
        assert alone[0].denominator == shared[0].denominator
        whole += together(shared)
        tokens += shared[0].tokens
    once = expected(drawn, range(len(drawn)), "token")
    assert whole == Counter({one: count * epochs for one, count in once.items()})
    assert tokens == epochs * sum(len(piece.tokens) for one in drawn for piece in one)


@pytest.mark.parametrize("loss", ["token", "conversation"])
@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_a_batch_of_dropped_conversations_has_nothing_to_divide_by(loss, layout):
    (share,) = shares([[], []], [0, 1], Recipe(loss=loss), layout, 8, 1)
    assert (share.denominator, share.tokens) == (0, 0)
    assert len(share.micro_batches) == 1


def test_a_conversation_of_two_pieces_is_one_conversation():
    one, two = Piece((5, 6), (False, True)), Piece((7, 8, 9), (False, True, True))
    (share,) = shares([[one, two], [one]], [0, 1], Recipe(loss="conversation"), "padded", 99, 1)
    assert share.denominator == 2
    weights = sorted(weight for batch in share.micro_batches for weight in batch.weight_S.tolist())
    assert weights == pytest.approx([1 / 3, 1 / 3, 1 / 3, 1])
