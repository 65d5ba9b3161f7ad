"""Content addresses: a hash of canonical JSON over what defines a result.

What only says how a result was computed (workers, device, paths, names) never gets here; see
`tests/test_identity.py`, which holds every field of every spec to one of the two classes.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from fractions import Fraction
from typing import NewType, TypeAlias

from pydantic import BaseModel

StageId = NewType("StageId", str)
"""Fingerprint of a stage, or of a base, with which a point begins."""
SourceKey = NewType("SourceKey", str)
"""An ability, or `ability/variant`."""
BenchmarkKey = NewType("BenchmarkKey", str)
"""An ability, or `ability/name` for a benchmark to report by. Never the benchmark's own name, which two
abilities may share."""
WeightsDigest = NewType("WeightsDigest", str)
"""Digest of the bytes of some weights."""

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None


def source_key(ability: str, variant: str | None = None) -> SourceKey:
    """The key of an ability's own source, or of one of its variants."""
    return SourceKey(f"{ability}/{variant}" if variant else ability)


def benchmark_key(ability: str, further: str | None = None) -> BenchmarkKey:
    """The key of the benchmark to select an ability by, or of one to report by, which has a name."""
    return BenchmarkKey(f"{ability}/{further}" if further else ability)


def canonical(value: object) -> Json:
    """Turn a value into JSON with exactly one spelling.

    Fractions become `"1/4"`, and -0.0 becomes 0.0, to which it is equal. Raises TypeError for a value with no
    stable bytes, such as a callable, a set or a float that is not finite.
    """
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            if value != value or value in (float("inf"), float("-inf")):
                raise TypeError(f"{value!r} has no canonical form")
            return value + 0.0  # -0.0 + 0.0 is 0.0, all others stay as they are
        case Fraction():
            return str(value)
        case Enum():
            return canonical(value.value)
        case BaseModel():
            return {name: canonical(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {_key(key): canonical(value[key]) for key in value}
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return [canonical(item) for item in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no stable bytes: {value!r}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a key must be a string, not {key!r}")
    return key


def canonical_bytes(value: object) -> bytes:
    """The canonical JSON of a value as UTF-8 bytes, keys sorted, no white space.

    Raises UnicodeEncodeError for a text with half a surrogate pair, which has no UTF-8.
    """
    text = json.dumps(canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8")


def fingerprint(kind: str, version: int, defining: Mapping[str, object]) -> str:
    """The content address of a result: 32 hexadecimal digits.

    Args:
        kind: what is addressed (`stage`, `generations`, `score`, `prepared`), so that two kinds never meet.
        version: version of the code of that step; raise it when the same input gives another result.
        defining: everything that defines the result, and nothing else.
    """
    return digest_bytes(canonical_bytes({"kind": kind, "version": version, "defining": defining}))


def digest_bytes(data: bytes) -> str:
    """The first 32 hexadecimal digits (128 bits) of the SHA-256 of some bytes."""
    # 128 bits: that any two of 10⁹ results share an address has a chance of 10¹⁸ / 2¹²⁹, or 10⁻²¹.
    return hashlib.sha256(data).hexdigest()[:32]


def digest_lines(lines: Iterable[str]) -> str:
    """Digest of an ordered list of strings, such as conversation ids.

    Raises ValueError for a string with a line feed, which would have the digest of its two halves.
    """
    hasher = hashlib.sha256()
    for line in lines:
        if "\n" in line:
            raise ValueError(f"a line holds a line feed: {line!r}")
        hasher.update(line.encode("utf-8"))
        hasher.update(b"\n")
    return hasher.hexdigest()[:32]
