import numpy as np
from support.stage_factory import make_job

from raysft.data.tokens.template import Encoded
from raysft.train.batching.corpus import read_corpus
from raysft.train.batching.global_batch import worker_share

ROWS = {
    "b": Encoded([3, 4, 5, 6], [False, True, True, False], [3]),
    "a": Encoded([7, 8, 9], [False, False, True], [3]),
    "none": Encoded([10, 11], [False, False], []),
}


def test_conversations_keep_the_order_of_the_ids_and_end_with_their_last_target(tmp_path):
    corpus, used = read_corpus(make_job(tmp_path, ROWS))
    assert corpus.tokens.tolist() == [3, 4, 5, 7, 8, 9]
    assert corpus.targets.tolist() == [2, 1, 0]
    assert corpus.pieces([2, 1, 0]) == [(1, 1), (0, 0)]
    assert (used[0].conversations, used[0].dropped) == (3, 1)
    assert (used[0].tokens, used[0].supervised_tokens) == (7, 3)


def test_a_micro_batch_predicts_each_target_from_the_token_before(tmp_path):
    job = make_job(tmp_path, ROWS)
    corpus, _ = read_corpus(job)
    for layout in ("padded", "packed"):
        share = worker_share(corpus, [0, 1, 2], job.recipe, layout=layout, capacity=99, rank=0, workers=1)
        (batch,) = share.micro_batches
        read = batch.input_BT.flatten()[batch.predictor_S].tolist()
        assert sorted(zip(read, batch.target_S.tolist(), strict=True)) == [(3, 4), (4, 5), (8, 9)]
        assert share.denominator == 3
        assert share.tokens == 6


def test_conversations_weigh_the_same_where_the_recipe_says_so(tmp_path):
    job = make_job(tmp_path, ROWS, loss="conversation")
    corpus, _ = read_corpus(job)
    share = worker_share(corpus, [0, 1, 2], job.recipe, layout="packed", capacity=99, rank=0, workers=1)
    assert sorted(share.micro_batches[0].weight_S.tolist()) == [0.5, 0.5, 1.0]
    assert share.denominator == 2


def test_workers_together_have_every_target_once(tmp_path):
    job = make_job(tmp_path)
    corpus, used = read_corpus(job)
    everything = range(len(job.ids))
    seen = 0
    for rank in range(3):
        share = worker_share(
            corpus, everything, job.recipe, layout="padded", capacity=30, rank=rank, workers=3
        )
        seen += sum(len(batch.target_S) for batch in share.micro_batches)
        assert share.denominator == used[0].supervised_tokens
    assert seen == used[0].supervised_tokens


def test_a_probe_has_targets_even_of_a_piece_whose_first_one_comes_late(tmp_path):
    late = Encoded([3] * 40 + [5], [False] * 40 + [True], [41])
    corpus, _ = read_corpus(make_job(tmp_path, {"late": late, **ROWS}))
    short = corpus.shortened((0, 1), 8)
    assert np.diff(short.piece_starts).max() <= 8
    assert short.targets.tolist() == [1, 2]
