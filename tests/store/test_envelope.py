import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raysft.errors import DamagedArtifact
from raysft.store.envelope import seal, unseal

CONTENT = {"loss": 0.1, "name": "ü", "files": [{"size": 3}], "none": None, "small": 5e-324}

_texts = st.text(st.characters(codec="utf-8"))
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner) | st.dictionaries(_texts, inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_texts, _json, max_size=4))
def test_content_comes_back_as_it_was(content: dict[str, object]) -> None:
    assert unseal(seal(content)) == content


def test_any_json_tool_reads_it() -> None:
    assert json.loads(seal(CONTENT))["content"] == CONTENT


def test_every_flipped_bit_is_found() -> None:
    sealed = seal(CONTENT)
    for place in range(len(sealed)):
        for bit in range(8):
            damaged = bytearray(sealed)
            damaged[place] ^= 1 << bit
            with pytest.raises(DamagedArtifact):
                unseal(bytes(damaged))


def test_every_truncation_and_every_added_byte_is_found() -> None:
    sealed = seal(CONTENT)
    for length in range(len(sealed)):
        with pytest.raises(DamagedArtifact):
            unseal(sealed[:length])
    for damaged in (sealed + b"\n", b" " + sealed, sealed + sealed):
        with pytest.raises(DamagedArtifact):
            unseal(damaged)


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError):
        seal({"loss": float("nan")})
