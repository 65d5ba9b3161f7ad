"""The model that points start from: a folder, a Hub id, a built-in one, or random weights."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from raysft.composition.order import SourceIndex
from raysft.data.tokens.template import template_digest, tokenizer_digest
from raysft.data.tokens.tokenizer import CHAT_TEMPLATE
from raysft.errors import InputError, Problem, gathered
from raysft.identity import SourceKey, digest_bytes, digest_lines, fingerprint
from raysft.model.base_files import BaseName, find_base, local_base
from raysft.model.digest import weights_digest
from raysft.model.template_overlay import dress
from raysft.plan.tree import BaseIdentity
from raysft.spec.model import ModelSpec, ScratchSpec
from raysft.spec.sweep import SweepSpec
from raysft.spec.used import tokenizer_sources
from raysft.sweep.inputs.chosen_template import ChosenTemplate, choose_template


@dataclass(frozen=True)
class Base:
    """A base model: what identifies it, and where it is or how it is made."""

    identity: BaseIdentity
    folder: Path | None
    """Hugging Face folder; None for a model from scratch, which the store keeps."""
    scratch: ScratchSpec | None = None
    learns_from: tuple[SourceKey, ...] = ()
    """Of a model from scratch, the sources that its tokenizer is trained on."""
    template: str | None = None
    """Text of the chat template in place of the one that the folder, or the trained tokenizer, has."""


class Workbench(Protocol):
    """What has folders for things of the moment; a `Store` does."""

    def workspace(self, kind: str, key: str) -> AbstractContextManager[Path]:
        """A folder that goes when the block ends."""


def used_models(spec: SweepSpec) -> tuple[str, ...]:
    """The models that studies ask for, in the order of the sweep file."""
    asked = {name for study in spec.studies.values() for name in study.values("model")}
    return tuple(name for name in spec.models if name in asked)


def find_bases(
    spec: SweepSpec, sources: Mapping[SourceKey, SourceIndex], models: Iterable[str]
) -> dict[str, Base]:
    """The bases of some models.

    Args:
        spec: the sweep.
        sources: those that the sweep uses, by key; a model from scratch learns its tokens from them.
        models: names of models.

    Raises:
        InputError: with every base, and every chat template, that cannot be found or used.
    """
    problems: list[Problem] = []
    found, learnt = {}, tokenizer_sources(spec)
    for name in models:
        with gathered(problems):
            # A source that could not be read is told of by whoever read it.
            read = {key: sources[key] for key in learnt.get(name, ()) if key in sources}
            found[name] = _find(spec, spec.models[name], f"models.{name}", read)
    if problems:
        raise InputError(problems)
    return found


def is_here(spec: SweepSpec, model: ModelSpec) -> bool:
    """Whether a base needs nothing from afar: built in, from scratch, a folder, or in the Hub's cache."""
    return (
        isinstance(model.base, ScratchSpec)
        or local_base(_name(spec, model, model.base), "weights") is not None
    )


@contextmanager
def dressed_bases(bases: Mapping[str, Base], store: Workbench) -> Iterator[dict[str, Base]]:
    """The same bases, each in a folder whose tokenizer has the template in use, as long as the block runs.

    A base with a template in place of its own gets a folder on the store's workbench (see
    `raysft.model.template_overlay`), which every node sees that sees the store. It is a thing of the
    moment: whoever resumes a sweep makes it again. A model from scratch gets its template when it is made.
    """
    with ExitStack() as stack:
        found = {}
        for name, base in bases.items():
            if base.folder is not None and base.template is not None:
                folder = stack.enter_context(store.workspace("bases", base.identity.fingerprint))
                dress(base.folder, base.template, folder)
                found[name] = replace(base, folder=folder)
            else:
                found[name] = base
        yield found


def _find(spec: SweepSpec, model: ModelSpec, field: str, sources: Mapping[SourceKey, SourceIndex]) -> Base:
    problems: list[Problem] = []
    with gathered(problems):
        template = choose_template(model.template, f"{field}.template", spec.data_dir, model.template_inputs)
    if isinstance(model.base, str):
        with gathered(problems):
            folder = find_base(_name(spec, model, model.base), "weights", f"{field}.base")
    if problems:
        raise InputError(problems)
    if isinstance(model.base, ScratchSpec):
        return _from_scratch(model.base, template, sources)
    return _in_folder(folder, template, f"{field}.base")


def _name(spec: SweepSpec, model: ModelSpec, base: str) -> BaseName:
    return BaseName(base, spec.data_dir, model.revision)


def _in_folder(folder: Path, template: ChosenTemplate, field: str) -> Base:
    found = template.on_tokenizer_in(folder, field)
    identity = BaseIdentity(
        weights_digest(folder), tokenizer_digest(folder), template_digest(found.tokenizer)
    )
    return Base(identity, folder, template=found.text)


def _from_scratch(
    shape: ScratchSpec, template: ChosenTemplate, sources: Mapping[SourceKey, SourceIndex]
) -> Base:
    read = sorted(digest_lines(source.ids) for source in sources.values())
    made_of = {name: getattr(shape, name) for name in ScratchSpec.model_fields if name != "sources"}
    tokenizer = fingerprint("trained tokenizer", 1, {"vocabulary": shape.vocabulary, "sources": read})
    weights = fingerprint("scratch weights", 3, {"shape": made_of, "tokenizer": tokenizer})
    text = template.text_for_trained()
    identity = BaseIdentity(weights, tokenizer, digest_bytes((text or CHAT_TEMPLATE).encode()))
    return Base(identity, None, shape, tuple(sources), text)
