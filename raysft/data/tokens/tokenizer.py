"""A tokenizer trained on the sweep's own texts, for models that begin with random weights.

Byte-level BPE: every text has tokens, and decoding them gives the same bytes. Each digit is a token, so that
a number is always spelt the same way. Turns are marked with one token each:

    <|system|>Be brief.<|user|>2+3?<|assistant|>5<|end|><|user|>…

The tokens beside an answer are always marks, so no merge crosses from a prompt into an answer, and what the
model sees before it answers is what it saw in training. `<|end|>` ends an answer and is the end of the
sequence.
"""

from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from raysft.errors import InputError, Problem

PAD = "<|pad|>"
END = "<|end|>"
MARKS = (PAD, END, "<|system|>", "<|user|>", "<|assistant|>")
"""Special tokens in the order of their ids, from 0."""

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}"
    "{{- '<|assistant|>' -}}"
    "{%- generation -%}{{- message['content'] + '<|end|>' -}}{%- endgeneration -%}"
    "{%- elif message['role'] in ('system', 'user') -%}"
    "{{- '<|' + message['role'] + '|>' + message['content'] -}}"
    "{%- else -%}{{- raise_exception('no such role: ' + message['role']) -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}"
)
"""Chat template with generation marks around what the assistant says and the token that ends it."""


def train_tokenizer(texts: Iterator[str], vocabulary: int, folder: Path, context: int = 1024) -> None:
    """Train a tokenizer and save it as `transformers.AutoTokenizer` opens it.

    The same texts in the same order give the same bytes on any machine.

    Args:
        texts: what it learns its merges from, without marks.
        vocabulary: number of tokens, marks and the 256 bytes included; fewer come out if the texts have no
            more pairs to merge.
        folder: is made if it is not there; other files in it stay.
        context: longest sequence of the model in tokens.

    Raises:
        InputError: the vocabulary has no room for the bytes and the marks.
    """
    least = len(MARKS) + 256
    if vocabulary < least:
        raise InputError(
            [Problem("vocabulary", str(vocabulary), f"must be at least {least}: bytes and marks")]
        )
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=list(MARKS), initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    _wrapped(bpe, context).save_pretrained(folder)


def _wrapped(bpe: Tokenizer, context: int) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        padding_side="right",
        model_max_length=context,
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer
