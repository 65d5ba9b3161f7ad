"""A URL whose library is not installed: the extra that brings it is named."""

from collections.abc import Callable

import pytest

from raysft.data.read.files import read_rows
from raysft.errors import InputError
from raysft.store import Store


@pytest.mark.parametrize("opened", [Store.open, lambda url: list(read_rows(f"{url}/rows.jsonl"))])
@pytest.mark.parametrize(
    ("url", "library", "extra"),
    [("s3://bucket/store", "s3fs", "raysft[s3]"), ("gs://bucket/store", "gcsfs", "raysft[gcs]")],
)
def test_a_missing_library_names_its_extra(
    opened: Callable[[str], object], url: str, library: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysft.extras.find_spec", lambda name: None if name == library else object())
    with pytest.raises(InputError) as refused:
        opened(url)
    (problem,) = refused.value.problems
    assert problem.value.startswith(url)
    assert f"pip install '{extra}'" in problem.remedy
