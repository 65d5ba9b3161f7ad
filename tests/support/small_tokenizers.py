"""Small tokenizers in the manner of those that people fine-tune, without a chat template.

They are trained on texts in which everything that may stand beside the beginning of an answer stands there
often, so that whatever can merge across it has merged.
"""

import json
from itertools import product
from pathlib import Path

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

LLAMA_3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 splits a text before it merges (the `pre_tokenizer` of its tokenizer.json)."""

_BEFORE = ("### Response:", "ASSISTANT:", "assistant", "USER:", "### Instruction:", "questions.", "request.")
_BETWEEN = ("", " ", "  ", "\n", "\n\n", "\n\n\n", " \n", "\n ", "\t")
_BEHIND = ("Hello", "uno", "7", "(x)", "/x", ":x", "#x", '"x"', "é", "東京")
TEXTS = ["".join(parts) for parts in product(_BEFORE, _BETWEEN, _BEHIND)]


def gpt2_like() -> PreTrainedTokenizerBase:
    """Byte-level; one token is BOS and EOS, and no text begins with it."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    _train_bytes(bpe, ["<|endoftext|>"])
    return _wrapped(bpe, bos_token="<|endoftext|>", eos_token="<|endoftext|>")


def llama3_like(*more: str) -> PreTrainedTokenizerBase:
    """Byte-level with Llama 3's way of splitting; every text begins with BOS. `more` are special tokens."""
    bpe = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(Regex(LLAMA_3), behavior="isolated")
    bytewise = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    bpe.pre_tokenizer = pre_tokenizers.Sequence([split, bytewise])
    bos, eos = "<|begin_of_text|>", "<|end_of_text|>"
    _train_bytes(bpe, [bos, eos, "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", *more])
    bpe.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[(bos, 0)])
    return _wrapped(bpe, bos_token=bos, eos_token=eos)


def llama1_like(spaces: str = "first") -> PreTrainedTokenizerBase:
    """In the manner of sentencepiece: spaces as ▁, bytes for unknown characters, `<s>` before every text.

    Args:
        spaces: where a space is set: `first`, before a text; `always`, also behind a special token; or
            `normalizer`, the same in the form in which older files have it.
    """
    bpe = Tokenizer(_sentencepiece())
    if spaces == "normalizer":
        bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        bpe.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=spaces, split=False)
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    bpe.add_special_tokens([AddedToken(one, normalized=False) for one in ("<unk>", "<s>", "</s>")])
    bpe.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return _wrapped(bpe, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


SMALL = {
    "llama1": llama1_like,
    "llama1-always": lambda: llama1_like("always"),
    "llama1-normalizer": lambda: llama1_like("normalizer"),
    "gpt2": gpt2_like,
    "llama3": llama3_like,
    "chatml": lambda: llama3_like("<|im_start|>", "<|im_end|>"),
}
"""By name; `chatml` has the special tokens of that form."""


def saved(tokenizer: PreTrainedTokenizerBase, folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer as it is opened from a folder."""
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


def _train_bytes(bpe: Tokenizer, special: list[str]) -> None:
    bpe.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=900, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(TEXTS, trainer)


def _sentencepiece() -> models.BPE:
    """Merges within words only, but for runs of spaces; no piece has a space behind anything else."""
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False)
    words.train_from_iterator((text.replace("\n", " ").replace("\t", " ") for text in TEXTS), trainer)
    learnt = json.loads(words.to_str())["model"]
    merges = [("▁", "▁"), *map(tuple, learnt["merges"])]
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁▁"]
    pieces += sorted(learnt["vocab"].keys() - set(pieces), key=learnt["vocab"].get)
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    return models.BPE(vocab=vocabulary, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)


def _wrapped(bpe: Tokenizer, **special: str) -> PreTrainedTokenizerBase:
    return PreTrainedTokenizerFast(tokenizer_object=bpe, clean_up_tokenization_spaces=False, **special)
