"""What must stand in the store before the first stage: bases from scratch and tokenised sources."""

from collections.abc import Iterator
from pathlib import Path

from raysft.data.prepared import prepared_fingerprint
from raysft.data.sources import Source
from raysft.data.tokenise import prepare
from raysft.data.tokenizer import train_tokenizer
from raysft.errors import StoreError
from raysft.identity import digest_lines
from raysft.model.digest import weights_digest
from raysft.plan.tree import BaseIdentity
from raysft.spec.model import ScratchSpec
from raysft.store import Store
from raysft.sweep.bases import Base
from raysft.sweep.inputs import Inputs


def prepare_sweep(inputs: Inputs, store: Store) -> None:
    """Make every base and every tokenised source that is not in the store yet."""
    for base in inputs.bases.values():
        folder = base_folder(store, base, inputs)
        for source in inputs.sources.values():
            key = prepared_key(source, base.identity)
            if store.fetch("prepared", key) is None:
                _prepare(store, key, source, folder)


def base_folder(store: Store, base: Base, inputs: Inputs) -> Path:
    """A local folder with the weights and the tokenizer of a base, made if it must be."""
    if base.folder is not None:
        return base.folder
    key = base.identity.fingerprint
    found = store.fetch("bases", key)
    if found is None and base.scratch is not None:
        _make_base(store, key, base.scratch, inputs)
        found = store.fetch("bases", key)
    if found is None:
        raise StoreError(f"base {key} could not be made")
    return found


def base_digest(store: Store, base: Base) -> str | None:
    """Digest of a base's weights; None for one from scratch that is not made yet."""
    if base.folder is not None:
        return base.identity.weights
    made = store.find("bases", base.identity.fingerprint)
    return str(made.body["weights_digest"]) if made else None


def prepared_key(source: Source, base: BaseIdentity) -> str:
    """Key of a source tokenised for a base; held-out conversations are not in it."""
    return prepared_fingerprint(digest_lines(source.index.ids), base.tokenizer, base.template)


def _prepare(store: Store, key: str, source: Source, tokenizer: Path) -> None:
    conversations = (source.conversation(one) for one in source.index.ids)
    with store.workspace("prepared", key) as folder:
        facts = prepare(zip(source.index.ids, conversations, strict=True), tokenizer, folder)
        store.publish("prepared", key, folder, facts.body())


def _make_base(store: Store, key: str, shape: ScratchSpec, inputs: Inputs) -> None:
    # torch is imported only by those who need it: most sweeps start from weights that stand
    from raysft.model.scratch import build_scratch

    with store.workspace("bases", key) as folder:
        train_tokenizer(_texts(inputs), shape.vocabulary, folder, shape.context)
        build_scratch(shape, folder)
        store.publish("bases", key, folder, {"weights_digest": weights_digest(folder)})


def _texts(inputs: Inputs) -> Iterator[str]:
    """Every text of every source, in an order that does not depend on the files."""
    for _, source in sorted(inputs.sources.items()):
        for one in source.index.ids:
            yield from (message.content for message in source.conversation(one).messages)
