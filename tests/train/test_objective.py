import pytest
import torch
from support.stage_factory import conversations, make_job
from transformers import AttentionInterface, GPT2Config, GPT2LMHeadModel

from raysft.errors import StageFailed
from raysft.model.folder import load_model
from raysft.train.batching.corpus import read_corpus
from raysft.train.batching.micro_batch import build_micro_batch
from raysft.train.objective import TargetLosses, check_architecture, probe_packing

CPU = torch.device("cpu")


def sees_everything_before(module, query, key, value, attention_mask, scaling=None, **kwargs):
    """Causal attention that knows of no rows, as a kernel would that ignores the mask."""
    found = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
    return found.transpose(1, 2).contiguous(), None


def test_losses_are_those_of_the_whole_model(tmp_path):
    job = make_job(tmp_path)
    corpus, _ = read_corpus(job)
    causal = load_model(job.parent, torch.float32)
    batch = build_micro_batch(corpus, [0, 1], [1.0, 1.0], "padded")
    logits = causal(input_ids=batch.input_BT).logits.flatten(0, 1)[batch.predictor_S]
    expected = torch.nn.functional.cross_entropy(logits, batch.target_S, reduction="none")
    torch.testing.assert_close(TargetLosses(causal)(batch), expected, atol=1e-6, rtol=0)


def test_packed_rows_cannot_see_each_other(tmp_path):
    job = make_job(tmp_path)
    corpus, _ = read_corpus(job)
    model = TargetLosses(load_model(job.parent, torch.float32))
    other = make_job(tmp_path / "other", conversations(10, seed=5))
    changed, _ = read_corpus(other)
    together = build_micro_batch(corpus, [0, 1], [1.0, 1.0], "packed")
    length = corpus.length(0) - 1
    neighbour = together.input_BT.clone()
    neighbour[0, :length] = torch.from_numpy(changed.tokens[:length].astype("int64"))
    moved = type(together)(neighbour, together.positions_BT, *(getattr(together, one) for one in
                           ("predictor_S", "target_S", "weight_S")))  # fmt: skip
    second = together.predictor_S >= length
    assert torch.equal(model(together)[second], model(moved)[second])
    assert not torch.equal(model(together)[~second], model(moved)[~second])


def test_the_probe_passes_where_rows_are_apart(tmp_path):
    job = make_job(tmp_path)
    corpus, _ = read_corpus(job)
    probe_packing(job, TargetLosses(load_model(job.parent, torch.float32)), corpus, CPU)


def test_the_probe_refuses_attention_that_ignores_the_rows(tmp_path):
    AttentionInterface.register("sees_everything_before", sees_everything_before)
    job = make_job(tmp_path)
    corpus, _ = read_corpus(job)
    causal = load_model(job.parent, torch.float32)
    causal.set_attn_implementation("sees_everything_before")
    with pytest.raises(StageFailed, match="see each other") as caught:
        probe_packing(job, TargetLosses(causal), corpus, CPU)
    assert caught.value.kind == "infrastructure"


def test_a_model_with_another_head_is_refused(tmp_path):
    causal = GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=64))
    with pytest.raises(StageFailed, match="gpt2") as caught:
        check_architecture(make_job(tmp_path), causal)
    assert caught.value.kind == "user"


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_losses_are_the_log_chances_of_each_piece_alone(tmp_path, layout):
    """By definition, one conversation at a time, without rows."""
    job = make_job(tmp_path)
    corpus, _ = read_corpus(job)
    causal = load_model(job.parent, torch.float32)
    found = TargetLosses(causal)(build_micro_batch(corpus, [0, 1, 2], [1.0] * 3, layout))
    expected = []
    for piece in range(3):
        start, end = corpus.piece_starts[piece : piece + 2]
        tokens = torch.from_numpy(corpus.tokens[start:end].astype("int64"))
        chances = causal(input_ids=tokens[None]).logits[0].double().log_softmax(-1)
        expected += [
            -chances[place - 1, tokens[place]].item()
            for place in range(1, end - start)
            if corpus.supervised[start + place]
        ]
    assert found.tolist() == pytest.approx(expected, abs=1e-4)


def test_dropout_is_off_so_that_micro_batches_change_nothing(tmp_path):
    job = make_job(tmp_path)
    causal = load_model(job.parent, torch.float32)
    causal.config.attention_dropout = 0.9
    for one in causal.base_model.layers:
        one.self_attn.attention_dropout = 0.9
    batch = build_micro_batch(read_corpus(job)[0], [0, 1], [1.0, 1.0], "padded")
    model = TargetLosses(causal.train())
    assert torch.equal(model(batch), model(batch))


def test_an_empty_micro_batch_has_a_gradient_of_zero_for_every_weight(tmp_path):
    """A worker with nothing to do must still take part in the backward pass."""
    job = make_job(tmp_path)
    model = TargetLosses(load_model(job.parent, torch.float32))
    empty = build_micro_batch(read_corpus(job)[0], [], [], "padded")
    torch.dot(model(empty), empty.weight_S).backward()
    assert all(one.grad is not None and not one.grad.any() for one in model.parameters())


def test_under_autocast_the_loss_is_still_fp32(tmp_path):
    job = make_job(tmp_path)
    batch = build_micro_batch(read_corpus(job)[0], [0, 1], [1.0, 1.0], "padded")
    causal = load_model(job.parent, torch.float32)
    exact, rough = TargetLosses(causal)(batch), TargetLosses(causal, torch.bfloat16)(batch)
    assert exact.dtype == rough.dtype == torch.float32
    assert 0 < (exact - rough).abs().max() < 0.05
