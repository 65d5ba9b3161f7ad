"""The chat template that a model of a sweep asks for: `own`, one of ours by name, or a file."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import fsspec
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from raysft.data.tokens.chat_templates import OWN, TEMPLATES, template_for
from raysft.data.tokens.template_check import check_template, probe_texts
from raysft.data.tokens.template_inputs import Value, with_inputs
from raysft.data.tokens.tokenizer import train_tokenizer
from raysft.errors import InputError, Problem
from raysft.extras import refuse_without_library
from raysft.spec.paths import opened_path
from raysft.wording import did_you_mean

_VOCABULARY = 2000
"""More than the probes of a check have pairs to merge, so that all that can merge has merged."""


@dataclass(frozen=True)
class Templated:
    """A tokenizer with the template in use, checked."""

    tokenizer: PreTrainedTokenizerBase
    text: str | None
    """The template, where it is not the one that the tokenizer came with."""


@dataclass(frozen=True)
class ChosenTemplate:
    """What a model asks for."""

    field: str
    """Where it asks, for messages."""
    name: str
    written: str | None
    """Text of the file, where the name is that of a file."""
    inputs: Mapping[str, Value]
    """What is fixed of what it reads; see `raysft.data.tokens.template_inputs`."""

    def text_for(self, tokenizer: PreTrainedTokenizerBase) -> str | None:
        """The template as it serves a tokenizer, not checked; None for the tokenizer's own as it is.

        Raises:
            InputError: it cannot serve this tokenizer, or does not read what is fixed.
        """
        text = template_for(self.name, tokenizer, self.field) if self.name in TEMPLATES else self.written
        if not self.inputs:
            return text
        own = tokenizer.chat_template if isinstance(tokenizer.chat_template, str) else ""
        return with_inputs(own if text is None else text, self.inputs, f"{self.field}_inputs")

    def on_tokenizer_in(self, folder: Path, field: str) -> Templated:
        """The tokenizer of a folder with this template.

        Args:
            folder: of a base; no code from it is run.
            field: where the base is named, for the message.

        Raises:
            InputError: there is no tokenizer, or the template does not do with it what training asks.
        """
        tokenizer = open_tokenizer(folder, field)
        text = self.text_for(tokenizer)
        if text is not None:
            tokenizer.chat_template = text
        check_template(tokenizer, self.field)
        return Templated(tokenizer, text)

    def text_for_trained(self) -> str | None:
        """The template, checked, for a tokenizer that `train_tokenizer` will make; None for its own.

        Two others of its kind are tried in its place: one says how the template is rendered, the second has
        learnt to merge all that can merge in what was rendered.

        Raises:
            InputError: the template does not pass.
        """
        if self.name == OWN and not self.inputs:
            return None
        tokenizer = _trained([])
        tokenizer.chat_template = text = self.text_for(tokenizer)
        check_template(tokenizer, self.field)
        tokenizer = _trained(probe_texts(tokenizer))
        tokenizer.chat_template = text
        check_template(tokenizer, self.field)
        return text


def choose_template(
    name: str, field: str, data_dir: str, inputs: Mapping[str, Value] | None = None
) -> ChosenTemplate:
    """The template of a model, its file read if it has one.

    Args:
        name: as the model has it.
        field: where it has it.
        data_dir: folder that the relative path of a file starts from.
        inputs: what is fixed of what it reads.

    Raises:
        InputError: there is no such file.
    """
    if name == OWN or name in TEMPLATES:
        return ChosenTemplate(field, name, None, inputs or {})
    path = opened_path(data_dir, name)
    refuse_without_library(field, path)
    try:
        with fsspec.open(path, "r", encoding="utf-8") as file:
            return ChosenTemplate(field, name, file.read(), inputs or {})
    except (OSError, ValueError) as error:
        cause = " ".join((getattr(error, "strerror", None) or str(error)).split())[:200]
        near = did_you_mean(name, (OWN, *TEMPLATES))
        remedy = (
            f"use {OWN}, {', '.join(TEMPLATES)}, or a Jinja file in UTF-8; {path} cannot be read: {cause}"
            + near
        )
        raise InputError([Problem(field, name, remedy)]) from None


def open_tokenizer(folder: Path, field: str) -> PreTrainedTokenizerBase:
    """The tokenizer in a folder; no code from it is run.

    Raises:
        InputError: there is none; `field` says where the folder is named.
    """
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        raise InputError([Problem(field, str(folder), f"has no tokenizer that opens: {cause}")]) from None


def _trained(texts: Sequence[str]) -> PreTrainedTokenizerBase:
    with tempfile.TemporaryDirectory() as folder:
        train_tokenizer(iter(texts), _VOCABULARY, Path(folder))
        return AutoTokenizer.from_pretrained(folder)
