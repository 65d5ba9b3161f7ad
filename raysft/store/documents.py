"""Documents: one JSON object under a key, written once."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from raysft.errors import DamagedArtifact, StoreError
from raysft.identity import Json
from raysft.store import layout
from raysft.store.envelope import seal, unseal
from raysft.store.exclusive import create_once
from raysft.store.quarantine import set_aside
from raysft.store.transport import Transport

_FORM = 1
_TRIES = 5
_SIDE_BY_SIDE = 16


def write_document(transport: Transport, kind: str, key: str, body: Mapping[str, Json]) -> bool:
    """See `Store.write_document`."""
    path = layout.document(kind, key)
    # `writer` makes the bytes unlike those of any other call, as `create_once` asks.
    content = {"form": _FORM, "kind": kind, "key": key, "writer": layout.new_attempt(), "body": body}
    sealed = seal(content)
    for _ in range(_TRIES):
        if create_once(transport, path, sealed):
            return True
        if read_document(transport, kind, key) is not None:
            return False
    raise StoreError(f"the document {path} was damaged or removed {_TRIES} times in a row")


def read_document(transport: Transport, kind: str, key: str) -> dict[str, Any] | None:
    """See `Store.read_document`."""
    path = layout.document(kind, key)
    try:
        data = transport.read(path)
    except FileNotFoundError:
        return None
    try:
        return _body(unseal(data), kind, key)
    except DamagedArtifact as error:
        set_aside(transport, path, data, str(error))
        return None


def read_documents(transport: Transport, kind: str) -> Iterator[dict[str, Any]]:
    """See `Store.read_documents`."""
    if kind not in layout.DOCUMENT_KINDS:
        raise StoreError(f"no documents of kind {kind!r}; there are {', '.join(layout.DOCUMENT_KINDS)}")
    names = [name.removesuffix(".json") for name in sorted(transport.names(kind)) if name.endswith(".json")]
    # On an object store each takes some 25 ms, nearly all of it waiting.
    with ThreadPoolExecutor(_SIDE_BY_SIDE) as threads:
        read = threads.map(lambda key: read_document(transport, kind, key), names)
        yield from (body for body in read if body is not None)


def remove_document(transport: Transport, kind: str, key: str) -> None:
    """See `Store.remove_document`."""
    transport.remove(layout.document(kind, key))


def _body(content: Mapping[str, Any], kind: str, key: str) -> dict[str, Any]:
    if content.get("form") != _FORM:
        raise StoreError(
            f"{kind}/{key} was written by another version of raysft (form {content.get('form')})"
        )
    body = content.get("body")
    if (content.get("kind"), content.get("key")) != (kind, key) or not isinstance(body, dict):
        raise DamagedArtifact(f"it belongs to {content.get('kind')}/{content.get('key')}")
    return body
