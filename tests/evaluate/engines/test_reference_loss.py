import dataclasses
import math
import random
from pathlib import Path

import pytest
import torch
from support.chat_model_folder import write_folder
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from raysft.data.tokens.template import encode
from raysft.evaluate.benchmark import Question
from raysft.evaluate.engine import ReferenceLoss
from raysft.evaluate.engines import reference_loss as module
from raysft.evaluate.engines.reference_loss import reference_conversation, reference_loss

QUESTIONS = [
    Question("one", ("How many apples?",), ("Tom has 7.",)),
    Question("two", ("Write it.", "In capital letters, please: " * 3), ("café", "CAFÉ " * 9)),
    Question("half", ("Write it.", "Again."), ("so",)),
    Question("none", ("What do you think?",)),
    *(Question(f"more {n}", ("a" * n,), ("b" * (20 - n),)) for n in range(1, 20)),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("model"), context=512)


@pytest.fixture(scope="module")
def model(folder: Path) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(folder)


@torch.inference_mode()
def one_at_a_time(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, questions: list[Question], context: int
) -> ReferenceLoss:
    """The definition: token by token, each conversation alone, all logits."""
    losses, cut = [], 0
    for question in questions:
        conversation = reference_conversation(question)
        if conversation is None:
            continue
        encoded = encode(tokenizer, conversation)
        cut += len(encoded.tokens) > context
        logits = model(torch.tensor([encoded.tokens[:context]])).logits[0].double().log_softmax(-1)
        for place in range(1, min(context, len(encoded.tokens))):
            if encoded.supervised[place]:
                losses.append(-logits[place - 1, encoded.tokens[place]].item())
    return ReferenceLoss(math.fsum(losses) / len(losses), len(losses), cut)


@pytest.mark.parametrize("batch_tokens", [1, 150, 4096])
@pytest.mark.parametrize("context", [512, 25])
def test_it_is_the_mean_over_supervised_tokens(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    monkeypatch: pytest.MonkeyPatch,
    batch_tokens: int,
    context: int,
) -> None:
    monkeypatch.setattr(module, "BATCH_TOKENS", batch_tokens)
    wanted = one_at_a_time(model, tokenizer, QUESTIONS, context)
    found = reference_loss(model, tokenizer, QUESTIONS, context)
    assert (found.tokens, found.cut) == (wanted.tokens, wanted.cut)
    assert found.loss == pytest.approx(wanted.loss, rel=1e-5)
    assert (found.cut > 0) == (context == 25)


def test_the_order_of_the_questions_changes_nothing(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    shuffled = random.Random(0).sample(QUESTIONS, len(QUESTIONS))
    found = reference_loss(model, tokenizer, QUESTIONS, 512)
    assert reference_loss(model, tokenizer, shuffled, 512) == found


def test_questions_without_references_give_no_loss(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    bare = [dataclasses.replace(one, references=()) for one in QUESTIONS]
    assert reference_loss(model, tokenizer, bare, 512) == ReferenceLoss(None, 0)
    assert reference_loss(model, tokenizer, [], 512) == ReferenceLoss(None, 0)


def test_a_prompt_beyond_the_context_leaves_nothing_to_count(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> None:
    assert reference_loss(model, tokenizer, QUESTIONS[:1], 3) == ReferenceLoss(None, 0, cut=1)


def test_a_loss_that_is_not_finite_is_unknown(folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    broken = AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.no_grad():
        broken.model.norm.weight.fill_(math.nan)
    assert reference_loss(broken, tokenizer, QUESTIONS, 512) == ReferenceLoss(None, 0)


def test_references_stand_behind_their_turns() -> None:
    conversation = reference_conversation(QUESTIONS[1])
    assert conversation
    assert [one.role for one in conversation.messages] == ["user", "assistant"] * 2
    assert [one.content for one in conversation.messages[:2]] == ["Write it.", "café"]
    partial = reference_conversation(QUESTIONS[2])
    assert partial
    assert len(partial.messages) == 2
    assert reference_conversation(QUESTIONS[3]) is None
