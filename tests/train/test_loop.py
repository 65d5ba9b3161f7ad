"""The loop against a plain reference, written independently: one conversation at a time, no rows."""

import math
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file
from support.stage_factory import conversations, make_job
from transformers import AutoModelForCausalLM

from raysft.composition.order import epoch_order
from raysft.data.tokens.fitting import fit_length
from raysft.data.tokens.template import Encoded
from raysft.errors import StageFailed
from raysft.train.group import SingleProcess
from raysft.train.loop import train_stage


def silent(progress):
    pass


def too_long():
    return Encoded([5] * 80, [False] * 40 + [True] * 40, [80])


def with_empty_batches():
    """Conversations of which most are dropped, so that batches of two are often empty."""
    return {
        one: row if place % 4 == 0 else too_long()
        for place, (one, row) in enumerate(conversations(16).items())
    }


def reference(job, rows):
    """Losses and final weights by the definition of the loss, through the model's own logits."""
    recipe = job.recipe
    model = AutoModelForCausalLM.from_pretrained(job.parent, dtype=torch.float32, attn_implementation="eager")
    model.eval()
    decayed = [one for one in model.parameters() if one.ndim == 2]
    others = [one for one in model.parameters() if one.ndim != 2]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=0.0, betas=(recipe.beta1, recipe.beta2), eps=recipe.epsilon,
    )  # fmt: skip
    ids, per_epoch = list(rows), math.ceil(len(rows) / recipe.batch_size)
    steps, warm = recipe.epochs * per_epoch, math.ceil(recipe.warmup * recipe.epochs * per_epoch)
    losses, step = [], 0
    for epoch in range(recipe.epochs):
        order = epoch_order(ids, job.seed, epoch)
        for start in range(0, len(order), recipe.batch_size):
            step += 1
            sums, counts = [], []
            for one in order[start : start + recipe.batch_size]:
                total, count = torch.zeros(()), 0
                for piece in fit_length(rows[ids[one]], recipe.max_length, recipe.overflow).pieces:
                    logits = model(torch.tensor([piece.tokens])).logits[0]
                    places = [place for place, said in enumerate(piece.supervised) if said and place]
                    chances = logits[[place - 1 for place in places]].log_softmax(-1)
                    wanted = [piece.tokens[place] for place in places]
                    total = total - chances[range(len(places)), wanted].sum()
                    count += len(places)
                if count:
                    sums.append(total)
                    counts.append(count)
            if not counts:  # nothing to learn is no update
                continue
            if recipe.loss == "token":
                loss = sum(sums) / sum(counts)
            else:
                loss = sum(total / count for total, count in zip(sums, counts, strict=True)) / len(sums)
            optimiser.zero_grad()
            loss.backward()
            norm = torch.sqrt(sum((one.grad**2).sum() for one in model.parameters()))
            if recipe.clip is not None and norm > recipe.clip:
                for one in model.parameters():
                    one.grad *= recipe.clip / norm
            after = (step - max(warm, 1)) / (steps + 1 - max(warm, 1))
            share = step / warm if step < warm else 0.5 + 0.5 * math.cos(math.pi * after)
            for group in optimiser.param_groups:
                group["lr"] = recipe.learning_rate * share
            optimiser.step()
            losses.append(loss.item())
    return losses, dict(model.named_parameters())


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Losses and weights of the plain loop, by kind of loss."""
    rows = conversations(10)
    folder = tmp_path_factory.mktemp("plain")
    kinds = ("token", "conversation")
    return {kind: reference(make_job(folder, rows, loss=kind, weight_decay=0.1), rows) for kind in kinds}


@pytest.mark.parametrize("loss", ["token", "conversation"])
@pytest.mark.parametrize(("layout", "micro_batch_tokens"), [
    ("padded", 4096), ("padded", 40), ("padded", 16), ("packed", 4096), ("packed", 40), ("packed", 16),
])  # fmt: skip
def test_rows_and_micro_batches_leave_the_mathematics_alone(
    tmp_path, plain, loss, layout, micro_batch_tokens
):
    job = make_job(
        tmp_path, layout=layout, micro_batch_tokens=micro_batch_tokens, loss=loss, weight_decay=0.1
    )
    trained = train_stage(job, SingleProcess(), silent)
    losses, weights = plain[loss]
    assert [one.loss for one in trained.losses] == pytest.approx(losses, abs=1e-5)
    written = load_file(job.output / "model.safetensors")
    assert written.keys() == weights.keys()
    for name, one in weights.items():
        torch.testing.assert_close(written[name], one.detach(), atol=1e-5, rtol=0)


@pytest.mark.parametrize("overflow", ["cut", "split", "drop"])
def test_long_conversations_follow_the_recipe(tmp_path, overflow):
    rows = conversations(9)
    job = make_job(tmp_path, rows, max_length=16, overflow=overflow, clip=None, batch_size=3)
    trained = train_stage(job, SingleProcess(), silent)
    losses, _ = reference(job, rows)
    assert [one.loss for one in trained.losses] == pytest.approx(losses, abs=1e-5)
    fitted = [fit_length(one, 16, overflow) for one in rows.values()]
    used = trained.used[0]
    assert (used.cut, used.split, used.dropped) == tuple(
        sum(one.what == what for one in fitted) for what in ("cut", "split", "dropped")
    )
    assert used.cut + used.split + used.dropped > 0
    assert used.conversations == 9
    assert used.tokens == sum(len(piece.tokens) for one in fitted for piece in one.pieces)
    assert used.supervised_tokens == sum(sum(piece.supervised) for one in fitted for piece in one.pieces)


@pytest.mark.parametrize("layout", ["padded", "packed"])
@pytest.mark.parametrize("loss", ["token", "conversation"])
def test_a_batch_without_targets_is_no_update(tmp_path, layout, loss):
    rows = with_empty_batches()
    settings = {"layout": layout, "loss": loss, "max_length": 64, "batch_size": 2, "weight_decay": 0.1}
    job = make_job(tmp_path, rows, overflow="drop", **settings)
    seen = []
    trained = train_stage(job, SingleProcess(), seen.append)
    losses, weights = reference(job, rows)
    empty = [one.step for one in seen if one.loss is None]
    assert trained.empty_steps == len(empty) > 1
    assert max(empty) > 3, "momentum would move the weights"
    assert [one.loss for one in trained.losses] == pytest.approx(losses, abs=1e-5)
    assert not {one.step for one in trained.losses} & {*empty}
    assert trained.steps == len(seen) == len(losses) + len(empty)
    written = load_file(job.output / "model.safetensors")
    for name, one in weights.items():
        torch.testing.assert_close(written[name], one.detach(), atol=1e-5, rtol=0)


def test_a_stage_whose_steps_all_lack_targets_ends_as_the_users_error(tmp_path):
    rows = with_empty_batches()
    first = epoch_order(list(rows), 7, 0)[0]
    rows = {one: rows[one] if place != first else too_long() for place, one in enumerate(rows)}
    job = make_job(tmp_path, rows, overflow="drop", batch_size=1, epochs=None, steps=1)
    with pytest.raises(StageFailed, match="not one conversation of its 1 steps") as failed:
        train_stage(job, SingleProcess(), silent)
    assert failed.value.kind == "user"


@pytest.mark.parametrize("layout", ["padded", "packed"])
def test_the_same_stage_twice_has_the_same_bytes(tmp_path, layout):
    first = train_stage(make_job(tmp_path, layout=layout, output="first"), SingleProcess(), silent)
    again = train_stage(make_job(tmp_path, layout=layout, output="again"), SingleProcess(), silent)
    assert (tmp_path / "first/model.safetensors").read_bytes() == (
        tmp_path / "again/model.safetensors"
    ).read_bytes()
    assert first.weights_digest == again.weights_digest != first.parent_weights_digest
    assert first.losses == again.losses


def test_the_seed_changes_the_order_of_data(tmp_path):
    job = make_job(tmp_path)
    one = train_stage(job, SingleProcess(), silent)
    other = train_stage(replace(job, seed=8, output=tmp_path / "other"), SingleProcess(), silent)
    assert one.losses[0].loss != other.losses[0].loss


def test_progress_counts_steps_and_real_tokens(tmp_path):
    seen = []
    job = make_job(tmp_path, epochs=3, batch_size=4)
    trained = train_stage(job, SingleProcess(), seen.append)
    assert [one.step for one in seen] == list(range(1, 10))
    assert {one.steps for one in seen} == {9}
    assert seen[-1].tokens == 3 * trained.used[0].tokens == trained.provenance.real_tokens
    assert [one.loss for one in seen] == [one.loss for one in trained.losses]


def test_a_loss_that_is_not_finite_ends_the_stage(tmp_path):
    job = make_job(tmp_path, learning_rate=1e30, warmup=0.0)
    with pytest.raises(StageFailed, match="at step 2") as caught:
        train_stage(job, SingleProcess(), silent)
    assert (caught.value.kind, caught.value.stage) == ("not_finite", job.fingerprint)
    assert not job.output.exists()


def test_nothing_to_learn_from_is_an_error_of_the_user(tmp_path):
    with pytest.raises(StageFailed, match="max_length 8") as caught:
        train_stage(make_job(tmp_path, {"long": conversations(1)["c0-0000"]}, max_length=8, overflow="drop"),
                    SingleProcess(), silent)  # fmt: skip
    assert caught.value.kind == "user"


def test_threads_are_given_back(tmp_path):
    trained = train_stage(make_job(tmp_path), SingleProcess(threads=2), silent)
    assert trained.provenance.threads == 2
    assert torch.get_num_threads() == 1


def test_weights_can_be_written_in_bf16(tmp_path):
    job = make_job(tmp_path, weights_dtype="bf16")
    train_stage(job, SingleProcess(), silent)
    model = AutoModelForCausalLM.from_pretrained(job.output)
    assert {one.dtype for one in model.parameters()} == {torch.bfloat16}


def test_bf16_stays_near_fp32(tmp_path):
    exact = train_stage(make_job(tmp_path), SingleProcess(), silent)
    rough = train_stage(make_job(tmp_path, precision="bf16", output="rough"), SingleProcess(), silent)
    differences = [abs(a.loss - b.loss) for a, b in zip(exact.losses, rough.losses, strict=True)]
    assert 0 < max(differences) < 0.05
