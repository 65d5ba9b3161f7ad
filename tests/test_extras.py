"""A URL whose library is not installed: the extra that brings it is named."""

from collections.abc import Callable

import pytest

from raysft.data.read.files import read_rows
from raysft.errors import InputError
from raysft.extras import refuse_without_library
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


@pytest.mark.parametrize("url", ["rows.jsonl", "/data/rows.jsonl", "memory://a", "hf://owner/name"])
def test_what_needs_no_extra_is_never_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("raysft.extras.find_spec", lambda name: None)
    refuse_without_library("store", url)


def test_the_refusal_names_the_field_and_the_scheme(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("raysft.extras.find_spec", lambda name: None)
    with pytest.raises(InputError) as refused:
        refuse_without_library("data_dir", "s3a://bucket/x")
    (problem,) = refused.value.problems
    assert (problem.field, problem.value) == ("data_dir", "s3a://bucket/x")
    assert problem.remedy == "s3a:// needs s3fs: pip install 'raysft[s3]'"
