import pytest

from raysft.identity import source_key
from raysft.spec.paths import opened_path, source_field


@pytest.mark.parametrize(
    ("data_dir", "path", "opened"),
    [
        ("data", "a.jsonl", "data/a.jsonl"),
        ("data", "/else/a.jsonl", "/else/a.jsonl"),
        ("data", "s3://bucket/a.jsonl", "s3://bucket/a.jsonl"),
        ("s3://bucket/data/", "part/a.jsonl", "s3://bucket/data/part/a.jsonl"),
        ("s3://bucket/data", "/local/a.jsonl", "/local/a.jsonl"),
        ("s3://bucket/data", "hf://owner/name", "hf://owner/name"),
    ],
)
def test_relative_paths_start_from_the_data_and_others_stay(data_dir: str, path: str, opened: str) -> None:
    assert opened_path(data_dir, path) == opened


def test_the_field_of_a_source_is_where_the_file_has_it() -> None:
    assert source_field(source_key("math")) == "abilities.math.source"
    assert source_field(source_key("math", "short")) == "abilities.math.variants.short"
