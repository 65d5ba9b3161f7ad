import posixpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.errors import StoreError
from raysft.store import layout


@settings(deadline=None)
@given(st.text(alphabet="ab./\\~*-_ \n\0é", max_size=8))
def test_no_key_leads_out_of_its_folder(key: str) -> None:
    try:
        path = layout.leases(key)
    except StoreError:
        return
    assert posixpath.normpath(path) == path
    assert path.startswith("leases/")
    assert all(character.isascii() and character not in "\\~* \n\0" for character in path)


def test_later_steps_come_later_in_the_order_of_names() -> None:
    names = [layout.resume_state("aa", step, "one") for step in (0, 9, 10, 99_999, 100_000_000)]
    assert names == sorted(names)


@pytest.mark.parametrize("step", [-1, 10**9])
def test_a_step_without_a_name_is_refused(step: int) -> None:
    with pytest.raises(StoreError, match="no resume state"):
        layout.resume_state("aa", step, "one")


@pytest.mark.parametrize(
    ("kind", "key"), [("stages", "aa/bb"), ("generations", "aa"), ("generations", "aa/b/c")]
)
def test_a_key_of_another_depth_is_refused(kind: str, key: str) -> None:
    with pytest.raises(StoreError, match="part"):
        layout.artifact(kind, key)
