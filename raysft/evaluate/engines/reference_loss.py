"""Loss on reference answers: does a model still know what it no longer writes in the right form?

Each question is read as the chat turn 1, reference 1, turn 2, reference 2, …; what counts are the tokens that
training would supervise (the chat template's own generation marks).

Covers models whose logits are the output layer on the last hidden states, as LLaMA's are.

Shapes: B rows, L columns of the longest, D width, S supervised tokens, V vocabulary.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch.nn.functional import cross_entropy
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, dialogue
from raysft.data.tokens.template import Encoded, encode_all
from raysft.evaluate.benchmark import Question
from raysft.evaluate.engine import ReferenceLoss
from raysft.evaluate.engines.side_by_side import in_batches

BATCH_TOKENS = 4096
"""Columns times rows of one batch: at a vocabulary of 32,000 its logits take at most 0.5 GB in fp32."""


def reference_conversation(question: Question) -> Conversation | None:
    """The question with its references for answers, as far as it has any; None without one."""
    turns = [text for pair in zip(question.turns, question.references, strict=False) for text in pair]
    return dialogue(*turns) if turns else None


@torch.inference_mode()
def reference_loss(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, questions: Sequence[Question], context: int
) -> ReferenceLoss:
    """Mean loss per supervised token over all questions that have references.

    Args:
        model: on its device, ready to evaluate.
        tokenizer: with generation marks in its chat template.
        questions: in any order; the result does not depend on it.
        context: longest sequence in tokens; longer conversations are cut there and counted.

    Raises:
        InputError: the template refuses a conversation.
        OutOfMemory: the memory of the device does not hold one conversation.
    """
    conversations = sorted(filter(None, map(reference_conversation, questions)), key=lambda one: one.id)
    encoded = encode_all(tokenizer, conversations)
    rows = sorted((_cut(one, context) for one in encoded), key=lambda row: len(row.tokens))
    sums = [
        found
        for batch in _batches([row for row in rows if any(row.supervised)])
        for _, found, _ in in_batches(batch, len(batch), partial(_loss_sum, model))
    ]
    tokens = sum(sum(row.supervised) for row in rows)
    cut = sum(len(one.tokens) > context for one in encoded)
    # fsum rounds once, so that the order of the batches does not show in the last bits.
    mean = math.fsum(sums) / tokens if tokens else math.nan
    return ReferenceLoss(mean, tokens, cut) if math.isfinite(mean) else ReferenceLoss(None, 0, cut)


def _cut(row: Encoded, context: int) -> Encoded:
    return Encoded(row.tokens[:context], row.supervised[:context], [])


def _batches(rows: Sequence[Encoded]) -> Iterator[list[Encoded]]:
    """Neighbours of similar length, the shortest first, within `BATCH_TOKENS`; at least one row each."""
    batch: list[Encoded] = []
    for row in rows:
        if batch and (len(batch) + 1) * len(row.tokens) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _loss_sum(model: PreTrainedModel, batch: Sequence[Encoded]) -> float:
    # Padding is on the right, so no real token sees any of it, and attention needs no mask.
    columns = max(len(row.tokens) for row in batch)
    padded = [row.tokens + [0] * (columns - len(row.tokens)) for row in batch]
    marked = [row.supervised + [False] * (columns - len(row.supervised)) for row in batch]
    tokens_BL = torch.tensor(padded, device=model.device)
    supervised_BL = torch.tensor(marked, device=model.device)
    hidden_BLD = model.base_model(input_ids=tokens_BL, use_cache=False).last_hidden_state
    hidden_SD = hidden_BLD[:, :-1][supervised_BL[:, 1:]]
    logits_SV = model.get_output_embeddings()(hidden_SD)
    loss = cross_entropy(logits_SV.float(), tokens_BL[:, 1:][supervised_BL[:, 1:]], reduction="sum")
    return float(loss)
