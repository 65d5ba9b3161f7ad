import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from raysft.data.conversation import Conversation
from raysft.data.inspect.named_source import named_source
from raysft.data.sources.pipeline import load_source
from raysft.data.tag.tag_rules import RuleTagger, read_rules
from raysft.data.tag.tags import GoodRows, TagCounts, write_tagged
from raysft.errors import InputError


def lengths(conversation: Conversation) -> list[str]:
    """Tags by the length of the first message."""
    length = len(conversation.messages[0].content)
    return [name for name, least in (("any", 0), ("long", 5)) if length >= least]


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def tagged(file: Path, **settings: str) -> tuple[list[object], TagCounts]:
    out = file.parent / "out.jsonl"
    counts = write_tagged(named_source([str(file)]), lengths, out, **settings)
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()], counts


def test_rows_keep_their_order_and_everything_else(tmp_path: Path) -> None:
    rows = [
        {"id": number, "prompt": prompt, "completion": "東京 é", "more": {"a": [1, None, 1.5, True]}}
        for number, prompt in enumerate(["short one", "ab", "longer one", "ab"])
    ]
    found, counts = tagged(written(tmp_path / "in.jsonl", *rows))
    assert found == [{**row, "tags": ["any", "long"] if len(row["prompt"]) >= 5 else ["any"]} for row in rows]
    assert [list(row) for row in found] == [[*row, "tags"] for row in rows]
    assert (counts.rows, counts.tagged, counts.given, counts.skipped) == (4, 4, {"any": 4, "long": 2}, 0)
    assert "東京" in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("had", "has"),
    [
        (["x", "any"], ["x", "any", "long"]),
        ([], ["any", "long"]),
        ("x", ["x", "any", "long"]),
        ("any", ["any", "long"]),
        (None, ["any", "long"]),
        ([7], [7, "any", "long"]),
    ],
)
def test_tags_that_are_there_stay_and_come_first(tmp_path: Path, had: object, has: list[object]) -> None:
    row = {"prompt": "longer", "completion": "x", "topics": had, "tags": "untouched"}
    found, _ = tagged(written(tmp_path / "in.jsonl", row), tags="topics")
    assert found == [{**row, "topics": has}]


def test_a_row_without_a_tag_has_an_empty_list(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    counts = write_tagged(
        named_source([str(written(tmp_path / "in.jsonl", {"text": "x"}))]), lambda _: [], out
    )
    assert json.loads(out.read_text()) == {"text": "x", "tags": []}
    assert (counts.rows, counts.tagged) == (1, 0)


def test_bare_texts_and_the_built_in_world_become_objects(tmp_path: Path) -> None:
    found, _ = tagged(written(tmp_path / "in.jsonl", '"a bare text"'))
    assert found == [{"text": "a bare text", "tags": ["any", "long"]}]
    out = tmp_path / "world.jsonl"
    write_tagged(named_source(["world/math"]), lengths, out)
    before, after = (
        load_source("data", one.source, one.data_dir, {})
        for one in map(named_source, (["world/math"], [str(out)]))
    )
    assert before.index.ids == after.index.ids


def test_half_a_surrogate_pair_in_a_field_that_is_not_read(tmp_path: Path) -> None:
    row = {"prompt": "ab", "completion": "x", "name": "\ud83d"}
    found, _ = tagged(written(tmp_path / "in.jsonl", row))
    assert found == [{**row, "tags": ["any"]}]


BAD = ['{"prompt": "x"}', "{not json", '{"prompt": "a", "completion": "b", "tags": 7}']


def test_bad_rows_stop_everything_and_nothing_is_written(tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", {"prompt": "a", "completion": "b"}, *BAD)
    (tmp_path / "out.jsonl").write_text("before")
    with pytest.raises(InputError) as caught:
        tagged(file)
    fields = [problem.field for problem in caught.value.problems]
    assert fields == [f"{file}:2", f"{file}:3", f"{file}:4", "SOURCE"]
    assert "3 bad rows" in caught.value.problems[-1].value
    assert (tmp_path / "out.jsonl").read_text() == "before"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_bad_rows_are_left_out_and_counted_if_the_user_says_so(tmp_path: Path) -> None:
    good = {"prompt": "a", "completion": "b"}
    found, counts = tagged(written(tmp_path / "in.jsonl", good, *BAD, good), on_bad_row="skip")
    assert found == [{**good, "tags": ["any"]}] * 2
    assert (counts.rows, counts.skipped) == (2, 3)


MIXED = [{"prompt": "a", "completion": "b"}, {"text": "c"}, {"question": "d", "answer": "e"}]


def test_rows_of_several_formats_are_tagged_in_one_file_and_told_apart_again(tmp_path: Path) -> None:
    found, counts = tagged(written(tmp_path / "in.jsonl", *MIXED))
    assert found == [{**row, "tags": ["any"]} for row in MIXED]
    assert counts.rows == 3
    files = [str(written(tmp_path / f"{place}.jsonl", row)) for place, row in enumerate(MIXED)]
    write_tagged(named_source(files), lengths, tmp_path / "all.jsonl")
    before, after = (named_source([*files]), named_source([str(tmp_path / "all.jsonl")]))
    ids = [load_source("data", one.source, one.data_dir, {}).index.ids for one in (before, after)]
    assert ids[0] == ids[1]


def joined(folder: Path, *formats: str) -> GoodRows:
    parts = [f"{{path: {place}.jsonl, format: {form}}}" for place, form in enumerate(formats)]
    (folder / "sweep.yaml").write_text(
        "name: t\n"
        f"abilities: {{a: {{source: {{join: [{', '.join(parts)}]}}}}}}\n"
        "models: {m: {base: world/base}}\n"
        "studies: {s: {model: m, strategy: [{single: a}], amount: [1]}}\n"
    )
    return GoodRows(named_source([f"{folder}/sweep.yaml:a"]), "tags", "refuse")


def test_formats_that_are_said_and_differ_are_not_mixed_in_one_file(tmp_path: Path) -> None:
    """A row that has the keys of two formats is read by the one that is said, which one file has not."""
    row = {"prompt": "a", "completion": "b", "text": "a whole prompt"}
    for place in (0, 1):
        written(tmp_path / f"{place}.jsonl", row)
    with pytest.raises(InputError, match=r"1\.jsonl.* read as text, .*before it as prompt_completion"):
        list(joined(tmp_path, "prompt_completion", "text"))
    with pytest.raises(InputError, match=r"1\.jsonl"):
        list(joined(tmp_path, "auto", "text"))
    assert len(list(joined(tmp_path, "text", "text"))) == 2
    assert len(list(joined(tmp_path, "auto", "prompt_completion"))) == 2


def test_a_file_is_not_written_over_while_it_is_read(tmp_path: Path) -> None:
    file = written(tmp_path / "in.jsonl", {"text": "x"})
    before = file.read_bytes()
    with pytest.raises(InputError, match="is a file that is read"):
        write_tagged(named_source([str(file)]), lengths, tmp_path / "." / "in.jsonl")
    assert file.read_bytes() == before


def test_a_value_that_json_cannot_hold_is_told_with_its_row(tmp_path: Path) -> None:
    file = tmp_path / "in.parquet"
    table = pa.table({"text": ["x"], "raw": pa.array([b"\x00"], pa.binary())})
    pyarrow.parquet.write_table(table, file)
    with pytest.raises(InputError, match=r"in\.parquet, row 1"):
        tagged(file)


def test_the_tags_are_what_a_drop_rule_looks_at(tmp_path: Path) -> None:
    """From ShareGPT to ShareGPT without code and mathematics, as arXiv 2310.05492 strips it."""
    chats = {
        "identity": ["Who are you?", "I am a model."],
        "code": ["Reverse a list.", "```python\nxs[::-1]\n```"],
        "math": ["What is 12 * 12?", "144"],
        "both": ["Print 2 + 3.", "print(2 + 3)"],
        "cooking": ["How do I boil an egg?", "Seven minutes in boiling water."],
    }
    rows = [
        {"id": name, "conversations": [{"from": "human", "value": asked}, {"from": "gpt", "value": said}]}
        for name, (asked, said) in chats.items()
    ]
    file = written(tmp_path / "sharegpt.jsonl", *rows)
    counts = write_tagged(
        named_source([str(file)]), RuleTagger(read_rules("default")), tmp_path / "tagged.jsonl"
    )
    assert counts.given == {"code": 2, "math": 2}
    (tmp_path / "sweep.yaml").write_text(
        "name: t\n"
        "abilities:\n"
        "  general:\n"
        "    source: tagged.jsonl\n"
        "    variants: {plain: {path: tagged.jsonl, drop: [{field: tags, any_of: [code, math]}]}}\n"
        "models: {m: {base: world/base}}\n"
        "studies: {s: {model: m, strategy: [{single: general}], amount: [1]}}\n"
    )
    named = named_source([f"{tmp_path}/sweep.yaml:general/plain"])
    source = load_source(named.key, named.source, named.data_dir, {})
    assert source.facts.dropped == {"tags any_of code, math": 3}
    left = {source.conversation(one).messages[0].content for one in source.index.ids}
    assert left == {"Who are you?", "How do I boil an egg?"}
