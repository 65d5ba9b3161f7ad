"""What the store must hold before the first stage: bases from scratch and tokenised sources."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from raysft.data.sources.pipeline import Source
from raysft.data.tokens.prepared import prepared_fingerprint
from raysft.data.tokens.tokenise import prepare
from raysft.data.tokens.tokenizer import train_tokenizer
from raysft.errors import StoreError
from raysft.identity import Json, SourceKey, WeightsDigest, digest_lines
from raysft.model.digest import weights_digest
from raysft.model.template_overlay import set_template
from raysft.plan.tree import BaseIdentity
from raysft.spec.model import ScratchSpec
from raysft.store import Store
from raysft.sweep.inputs.bases import Base, dressed_bases


class Shelf(Protocol):
    """Where what is prepared is kept: a `Store`, or one that is only looked at (`ViewedStore`)."""

    def fetch(self, kind: str, key: str) -> Path | None:
        """A local folder with an artifact, or None."""

    def workspace(self, kind: str, key: str) -> AbstractContextManager[Path]:
        """A folder to make an artifact in."""

    def publish(self, kind: str, key: str, folder: Path, body: Mapping[str, Json]) -> object:
        """Keep an artifact."""


class Needs(Protocol):
    """What is to be prepared; `raysft.sweep.inputs.read.Inputs` is one."""

    @property
    def sources(self) -> Mapping[SourceKey, Source]:
        """By key."""

    @property
    def bases(self) -> Mapping[str, Base]:
        """By model."""


def prepare_sweep(inputs: Needs, store: Store) -> None:
    """Make every base and every tokenised source that is not in the store yet."""
    for base in inputs.bases.values():
        base_folder(store, base, inputs.sources)
        for source in inputs.sources.values():
            prepared_source(store, source, base, inputs.sources)


def prepared_source(store: Shelf, source: Source, base: Base, sources: Mapping[SourceKey, Source]) -> Path:
    """A local folder with a source tokenised for a base, made if it is not in the store.

    Args:
        store: where it is kept.
        source: what is tokenised.
        base: whose tokenizer and chat template are used.
        sources: of the sweep, by key; a base from scratch has learnt its tokens from some of them.
    """
    key = prepared_key(source, base.identity)
    found = store.fetch("prepared", key)
    if found is None:
        with dressed_bases({"": base}, store) as dressed, store.workspace("prepared", key) as folder:
            facts = prepare(source.trained, base_folder(store, dressed[""], sources), folder)
            store.publish("prepared", key, folder, facts.body())
        found = store.fetch("prepared", key)
    if found is None:
        raise StoreError(f"source {key} could not be tokenised")
    return found


def base_folder(store: Shelf, base: Base, sources: Mapping[SourceKey, Source]) -> Path:
    """A local folder with the weights and the tokenizer of a base, made if it must be.

    Args:
        store: where a base from scratch is kept.
        base: as `dressed_bases` gives it, if it has a chat template in place of its own.
        sources: as in `prepared_source`.
    """
    if base.folder is not None:
        return base.folder
    key = base.identity.fingerprint
    found = store.fetch("bases", key)
    if found is None and base.scratch is not None:
        _make_base(store, base, base.scratch, sources)
        found = store.fetch("bases", key)
    if found is None:
        raise StoreError(f"base {key} could not be made")
    return found


def base_digest(store: Store, base: Base) -> WeightsDigest | None:
    """Digest of a base's weights; None for one from scratch that is not made yet."""
    if base.folder is not None:
        return WeightsDigest(base.identity.weights)
    made = store.find("bases", base.identity.fingerprint)
    return WeightsDigest(str(made.body["weights_digest"])) if made else None


def prepared_key(source: Source, base: BaseIdentity) -> str:
    """Key of a source tokenised for a base; held-out conversations are not in it."""
    return prepared_fingerprint(digest_lines(source.index.ids), base.tokenizer, base.template)


def _make_base(store: Shelf, base: Base, shape: ScratchSpec, sources: Mapping[SourceKey, Source]) -> None:
    # torch is imported only by those who need it: most sweeps start from weights that exist
    from raysft.model.scratch import build_scratch

    key = base.identity.fingerprint
    with store.workspace("bases", key) as folder:
        learnt = [sources[key] for key in base.learns_from]
        train_tokenizer(_texts(learnt), shape.vocabulary, folder, shape.context)
        if base.template is not None:
            set_template(folder, base.template)
        build_scratch(shape, folder)
        store.publish("bases", key, folder, {"weights_digest": weights_digest(folder)})


def _texts(sources: Iterable[Source]) -> Iterator[str]:
    """Every text of some sources, in an order that depends neither on the files nor on names."""
    for source in sorted(sources, key=lambda one: one.index.ids):
        for one in source.trained:
            yield from (message.content for message in one.messages)
