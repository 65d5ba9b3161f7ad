"""The model that points start from: a folder, a Hub id, the built-in one, or random weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import snapshot_download
from transformers import AutoTokenizer

import raysft.data.world
from raysft.composition.order import SourceIndex
from raysft.data.template import check_template, template_digest, tokenizer_digest
from raysft.data.tokenizer import CHAT_TEMPLATE
from raysft.errors import InputError, Problem
from raysft.identity import digest_bytes, digest_lines, fingerprint
from raysft.model.digest import weights_digest
from raysft.plan.tree import BaseIdentity
from raysft.spec.file import resolve
from raysft.spec.model import ModelSpec, ScratchSpec
from raysft.spec.sweep import SweepSpec

WORLD_BASE = Path(raysft.data.world.__file__).parent / "base"
"""The base model that is shipped with the built-in world."""


@dataclass(frozen=True)
class Base:
    """A base model: what identifies it, and where it is or how it is made."""

    identity: BaseIdentity
    folder: Path | None
    """Hugging Face folder; None for a model from scratch, which the store keeps."""
    scratch: ScratchSpec | None = None


def find_bases(spec: SweepSpec, sources: Mapping[str, SourceIndex]) -> dict[str, Base]:
    """The base of every model that a study asks for.

    Raises:
        InputError: with every base that cannot be found or used.
    """
    problems: list[Problem] = []
    found = {}
    asked = {name for study in spec.studies.values() for name in study.model}
    for name, model in spec.models.items():
        if name not in asked:
            continue
        try:
            found[name] = _find(spec, model, f"models.{name}.base", sources)
        except InputError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    return found


def _find(spec: SweepSpec, model: ModelSpec, field: str, sources: Mapping[str, SourceIndex]) -> Base:
    if isinstance(model.base, ScratchSpec):
        return Base(_scratch_identity(model.base, sources), None, model.base)
    folder = _folder(spec, model, model.base, field)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    check_template(tokenizer)
    return Base(
        BaseIdentity(weights_digest(folder), tokenizer_digest(folder), template_digest(tokenizer)), folder
    )


def _folder(spec: SweepSpec, model: ModelSpec, base: str, field: str) -> Path:
    if base == "world/base":
        return WORLD_BASE
    local = Path(resolve(spec, base))
    if local.is_dir():
        return local
    try:
        return Path(snapshot_download(base, revision=model.revision))
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        raise InputError(
            [Problem(field, base, f"neither a folder ({local}) nor a Hub id that can be reached: {cause}")]
        ) from None


def _scratch_identity(shape: ScratchSpec, sources: Mapping[str, SourceIndex]) -> BaseIdentity:
    read = sorted(digest_lines(source.ids) for source in sources.values())
    tokenizer = fingerprint("trained tokenizer", 1, {"vocabulary": shape.vocabulary, "sources": read})
    weights = fingerprint("scratch weights", 1, {"shape": shape, "tokenizer": tokenizer})
    return BaseIdentity(weights, tokenizer, digest_bytes(CHAT_TEMPLATE.encode()))
