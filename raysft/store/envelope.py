"""JSON that knows its own digest: records, manifests, documents and leases.

`{"sha256":"<64 hexadecimal digits>","content":{...}}` and a line feed. The digest is taken over the bytes of
the content as they are, so that every changed, missing or added byte is found, while any JSON tool reads
the file. It guards against damage, not against forgery.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from raysft.errors import DamagedArtifact
from raysft.identity import canonical_bytes

_HEAD, _MIDDLE, _TAIL = b'{"sha256":"', b'","content":', b"}\n"
_DIGEST_END = len(_HEAD) + 64
_CONTENT_START = _DIGEST_END + len(_MIDDLE)


def seal(content: Mapping[str, object]) -> bytes:
    """Content as bytes with their digest. TypeError if it has no canonical JSON."""
    inner = canonical_bytes(content)
    return _framed(inner)


def _framed(inner: bytes) -> bytes:
    digest = hashlib.sha256(inner).hexdigest().encode("ascii")
    return b"".join((_HEAD, digest, _MIDDLE, inner, _TAIL))


def unseal(data: bytes) -> dict[str, Any]:
    """The content, if not one byte differs from what `seal` made; else DamagedArtifact."""
    inner = data[_CONTENT_START : len(data) - len(_TAIL)]
    if _framed(inner) != data:
        raise DamagedArtifact("its digest does not fit its content")
    content = json.loads(inner)
    if not isinstance(content, dict):
        raise DamagedArtifact("it holds no JSON object")
    return content
