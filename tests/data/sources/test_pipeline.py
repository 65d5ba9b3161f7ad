import gzip
import json
import random

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from raysft.data.conversation import dialogue
from raysft.data.sources.pipeline import load_source, load_sources
from raysft.data.sources.rows import SourceRows
from raysft.data.world import conversation, training_items
from raysft.errors import InputError
from raysft.spec.source import SourceSpec

ROWS = [{"prompt": f"{k}?", "completion": f"{k}."} for k in range(40)]
BAD = {"prompt": "a", "completion": ""}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def loaded_one(folder, source):
    return load_source("x", SourceSpec.model_validate(source), str(folder), {})


def loaded_all(folder, sources):
    specs = {key: SourceSpec.model_validate(source) for key, source in sources.items()}
    return load_sources(specs, str(folder), {})


def read(folder, source):
    rows = SourceRows(SourceSpec.model_validate(source), str(folder), "x")
    return [one.conversation for one in rows.conversations()]


@pytest.fixture
def load(tmp_path):
    """Load rows as the ability `x`."""

    def load(contents, **fields):
        own = isinstance(contents, list)
        source = {"path": write(tmp_path / "rows.jsonl", contents), **fields} if own else contents
        return loaded_one(tmp_path, source)

    return load


def test_source_holds_every_conversation_by_its_id(load):
    source = load(ROWS)
    assert source.index.name == "x"
    assert source.index.rows == 40
    assert source.index.ids == tuple(sorted(dialogue(f"{k}?", f"{k}.").id for k in range(40)))
    assert [source.conversation(one).id for one in source.index.ids] == list(source.index.ids)
    assert source.held_out == ()
    assert (source.facts.read, source.facts.bad_rows, source.facts.duplicates) == (40, 0, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(
    order=st.permutations([*ROWS[:9], *ROWS[:3], ROWS[0]]),
    duplicates=st.sampled_from(["keep", "remove"]),
    held_out=st.integers(0, 8),
)
def test_order_of_the_file_changes_nothing(load, order, duplicates, held_out):
    given_order = load(order, duplicates=duplicates, held_out=held_out)
    sorted_order = load(sorted(order, key=json.dumps), duplicates=duplicates, held_out=held_out)
    assert given_order == sorted_order
    index = given_order.index
    assert len(set(index.ids)) == len(index.ids)
    assert index.ids == tuple(sorted(index.ids))
    assert not {one.split(".")[0] for one in index.ids} & set(index.held_out)
    assert len(index.held_out) == held_out == given_order.facts.held_out
    assert given_order.facts.read == index.rows + held_out + given_order.facts.duplicates


def test_copies_are_removed_and_counted(load):
    source = load([*ROWS, *ROWS[:5], ROWS[0]])
    assert source.index == load(ROWS).index
    assert (source.facts.read, source.facts.duplicates) == (46, 6)


def test_copies_are_kept_under_ids_of_their_own(load):
    first = dialogue("0?", "0.").id
    source = load([*ROWS, ROWS[0], ROWS[0]], duplicates="keep")
    assert set(source.index.ids) == {*load(ROWS).index.ids, f"{first}.2", f"{first}.3"}
    assert source.conversation(f"{first}.3") == source.conversation(first)
    assert source.facts.duplicates == 0


def test_no_copy_of_a_held_out_conversation_is_trained_on(load):
    source = load(ROWS * 3, duplicates="keep", held_out=10)
    assert source.index.rows == 90
    assert source.facts.duplicates == 20
    trained = {source.conversation(one) for one in source.index.ids}
    assert len(set(source.held_out)) == 10
    assert not trained & set(source.held_out)


@pytest.mark.parametrize("held_out", [40, 41])
def test_held_out_that_leaves_nothing_is_refused(load, held_out):
    with pytest.raises(InputError, match=rf"abilities\.x\.source\.held_out: {held_out}: must be below 40"):
        load(ROWS, held_out=held_out)


def test_limit_takes_the_first_rows_over_all_files(tmp_path):
    paths = (write(tmp_path / "a.jsonl", ROWS[:5]), write(tmp_path / "b.jsonl", ROWS[5:]))
    found = read(tmp_path, {"path": paths, "limit": 8})
    assert found == [dialogue(f"{k}?", f"{k}.") for k in range(8)]


def test_each_file_has_its_own_format(tmp_path):
    text = "2 and 3?"
    write(tmp_path / "a.jsonl", [{"instruction": text, "output": "5"}])
    write(
        tmp_path / "b.jsonl",
        [{"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": "five"}]}],
    )
    pyarrow.parquet.write_table(pa.table({"question": [text], "answer": ["#### 5"]}), tmp_path / "c.parquet")
    found = read(tmp_path, {"path": ("a.jsonl", "b.jsonl", "c.parquet")})
    assert found == [dialogue(text, "5"), dialogue(text, "five"), dialogue(text, "#### 5")]


def test_files_of_every_kind_make_one_source(tmp_path):
    """Every second row as `messages`, the others as prompt and completion: in eight kinds of file."""
    rows = [
        row
        if k % 2
        else {
            "messages": [
                {"role": "user", "content": row["prompt"]},
                {"role": "assistant", "content": row["completion"]},
            ]
        }
        for k, row in enumerate(ROWS)
    ]
    lines = ["".join(json.dumps(row) + "\n" for row in rows[k::8]).encode() for k in range(8)]
    arrays = [json.dumps(rows[k::8], indent=k).encode() for k in range(8)]
    kinds = {
        "0.jsonl": lines[0],
        "1.jsonl.gz": gzip.compress(lines[1]),
        "2.jsonl.zst": pa.compress(lines[2], "zstd", asbytes=True),
        "3.json": arrays[3],
        "4.json.gz": gzip.compress(arrays[4]),
        "5.json.zst": pa.compress(arrays[5], "zstd", asbytes=True),
    }
    for name, data in kinds.items():
        (tmp_path / name).write_bytes(data)
    for k, name in ((6, "6.parquet"), (7, "7.parquet")):
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows[k::8]), tmp_path / name)
    paths = [*kinds, "6.parquet", "7.parquet"]
    forwards, backwards = (loaded_one(tmp_path, {"path": given}) for given in (paths, paths[::-1]))
    assert forwards == backwards
    assert forwards.index.ids == tuple(sorted(dialogue(f"{k}?", f"{k}.").id for k in range(40)))


def test_named_format_wins_over_the_keys(tmp_path):
    name = write(tmp_path / "a.jsonl", [{"text": "whole", "prompt": "p", "completion": "c"}])
    (found,) = read(tmp_path, {"path": name, "format": "text"})
    assert [one.content for one in found.messages] == ["whole"]


def test_bad_rows_are_named_with_file_and_line(load, tmp_path):
    with pytest.raises(InputError) as caught:
        load([ROWS[0], BAD, ROWS[1], {"prompt": "b"}])
    fields = [problem.field for problem in caught.value.problems]
    assert fields == [f"{tmp_path / 'rows.jsonl'}:2", f"{tmp_path / 'rows.jsonl'}:4"]


def test_bad_rows_are_skipped_and_counted_if_the_source_says_so(load):
    source = load([ROWS[0], BAD, ROWS[1], 7], on_bad_row="skip")
    assert source.index == load(ROWS[:2]).index
    assert (source.facts.read, source.facts.bad_rows) == (4, 2)


def test_rows_that_differ_in_what_is_used_are_no_copies(load):
    dolly = [{"instruction": "q", "context": f"c{k}", "response": "a", "id": k} for k in range(50)]
    assert load(dolly).index.rows == 50
    ask, said = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}
    further = [{}, {"weight": 0}, {"reasoning_content": "hm"}, {"weight": 1}, {"name": "Bo"}]
    chats = [{"messages": [ask, {**said, **more}]} for more in further]
    source = load([*chats, {"system": "s", **chats[0]}])
    assert (source.index.rows, source.facts.duplicates) == (4, 2)
    answers = [one.messages[-1] for one in source.trained]
    assert sorted(one.supervised for one in answers) == [False, True, True, True]
    assert sorted(one.reasoning for one in answers) == ["", "", "", "hm"]


GPT_FIRST = {"conversations": [{"from": one, "value": one} for one in ("gpt", "human", "gpt")]}
TWICE = {"conversations": [{"from": one, "value": one} for one in ("human", "human", "gpt")]}


def test_rules_that_clean_are_counted_and_asked_for_where_they_are_missing(load):
    source = load([*ROWS, GPT_FIRST, TWICE], clean=["drop_leading_answer", "merge_same_side"])
    assert source.facts.cleaned == {"drop_leading_answer": 1, "merge_same_side": 1}
    assert source.index.rows == 42
    with pytest.raises(InputError, match=r"`clean: \[merge_same_side\]` on the source") as caught:
        load([*ROWS, GPT_FIRST, TWICE], clean="drop_leading_answer")
    assert len(caught.value.problems) == 1


def test_a_rule_that_changes_no_row_changes_no_source(load):
    """What a rule does is in the content ids; that it is on is not."""
    assert load(ROWS, clean="merge_same_side").index == load(ROWS).index
    assert load(ROWS, clean="merge_same_side").facts.cleaned == {"merge_same_side": 0}
    cleaned = load([*ROWS, GPT_FIRST], clean="drop_leading_answer")
    assert cleaned.index == load([*ROWS, {"prompt": "human", "completion": "gpt"}]).index


def test_a_rule_of_one_part_is_not_one_of_the_others(tmp_path):
    write(tmp_path / "a.jsonl", [*ROWS, GPT_FIRST])
    write(tmp_path / "b.jsonl", [TWICE, *ROWS])
    parts = [{"path": "a.jsonl", "clean": "drop_leading_answer"}, {"path": "b.jsonl"}]
    with pytest.raises(InputError, match=r"b\.jsonl:1") as caught:
        loaded_one(tmp_path, {"join": parts})
    assert len(caught.value.problems) == 1
    found = loaded_one(tmp_path, {"join": parts, "clean": "merge_same_side"})
    assert found.facts.cleaned == {"drop_leading_answer": 1, "merge_same_side": 1}


@pytest.mark.parametrize(
    ("good", "bad", "fields", "told"),
    [
        (1, 99, {}, "99 of 100 rows"),
        (39, 5, {}, "5 of 44 rows"),
        (36, 4, {}, None),
        (35, 4, {}, "4 of 39 rows"),
        (2, 1, {}, None),
        (3, 3, {}, None),
        (2, 3, {}, "3 of 5 rows"),
        (39, 1, {"max_bad_rows": 0}, "1 of 40 rows"),
        (40, 0, {"max_bad_rows": 0}, None),
        (1, 39, {"max_bad_rows": 1}, None),
        (20, 20, {"max_bad_rows": "50%"}, None),
        (19, 20, {"max_bad_rows": 0.5}, "20 of 39 rows"),
    ],
)
def test_more_bad_rows_than_a_share_are_refused_even_where_they_are_skipped(load, good, bad, fields, told):
    rows = [*ROWS[:good], *[BAD] * bad]
    if told is None:
        assert load(rows, on_bad_row="skip", **fields).facts.bad_rows == bad
        return
    with pytest.raises(InputError) as caught:
        load(rows, on_bad_row="skip", **fields)
    first, example, *_ = caught.value.problems
    assert first.field == "abilities.x.source.max_bad_rows"
    assert told in first.remedy
    assert example.field.endswith(f"rows.jsonl:{good + 1}")


def test_a_bad_file_among_good_ones_is_told(tmp_path):
    good, bad = write(tmp_path / "good.jsonl", ROWS * 3), write(tmp_path / "bad.jsonl", [BAD] * 5)
    with pytest.raises(InputError, match=r"5 of 5 rows of .*bad\.jsonl are bad \(100.0%\)") as caught:
        loaded_one(tmp_path, {"path": [good, bad], "on_bad_row": "skip"})
    assert caught.value.problems[-1].value == "and 2 more bad rows"


def test_small_files_are_judged_together(tmp_path):
    paths = [write(tmp_path / f"{k}.jsonl", [BAD] if k % 20 == 0 else [ROWS[k]]) for k in range(40)]
    assert loaded_one(tmp_path, {"path": paths, "on_bad_row": "skip"}).facts.bad_rows == 2
    paths = [write(tmp_path / f"{k}.jsonl", [BAD] if k % 5 == 0 else [ROWS[k]]) for k in range(40)]
    with pytest.raises(InputError, match="8 of 40 rows of 40 files are bad"):
        loaded_one(tmp_path, {"path": paths, "on_bad_row": "skip"})


def test_every_file_that_cannot_be_read_is_told_and_the_bad_rows_of_the_others(tmp_path):
    contents = {"a": "{}\n{}\n", "b": "<html>", "c": json.dumps(ROWS[0]) + "\n" + json.dumps(BAD), "d": "\0"}
    for name, text in contents.items():
        (tmp_path / f"{name}.jsonl").write_text(text)
    paths = [f"{name}.jsonl" for name in contents]
    for fate, fields in (("refuse", ["a.jsonl:1", "b.jsonl", "d.jsonl", "c.jsonl:2"]),
                         ("skip", ["a.jsonl:1", "b.jsonl", "d.jsonl"])):  # fmt: skip
        with pytest.raises(InputError) as caught:
            loaded_one(tmp_path, {"path": paths, "on_bad_row": fate})
        assert [problem.field.removeprefix(f"{tmp_path}/") for problem in caught.value.problems] == fields


def test_what_is_wrong_with_a_file_of_two_sources_is_told_once(tmp_path):
    name = write(tmp_path / "a.jsonl", [*ROWS, BAD])
    with pytest.raises(InputError) as caught:
        loaded_all(tmp_path, {"math": name, "math/again": {"path": name, "limit": 41}})
    assert [problem.field for problem in caught.value.problems] == [f"{tmp_path / name}:41"]


def test_many_bad_rows_are_summed_up(load):
    with pytest.raises(InputError) as caught:
        load([*ROWS, *[BAD] * 50])
    assert len(caught.value.problems) == 21
    assert caught.value.problems[-1].value == "and 30 more bad rows"
    assert "on_bad_row: skip" in caught.value.problems[-1].remedy


def test_damaged_file_is_refused_even_where_bad_rows_are_skipped(tmp_path):
    (tmp_path / "a.json").write_text('[{"prompt": "a", ')
    with pytest.raises(InputError, match=r"a\.json:1"):
        loaded_one(tmp_path, {"path": "a.json", "on_bad_row": "skip"})


@pytest.mark.parametrize("rows", [[], [BAD]])
def test_source_without_one_conversation_is_refused(load, rows):
    with pytest.raises(InputError, match="no conversation in"):
        load(rows, on_bad_row="skip", max_bad_rows=1)


def test_other_numbers_than_expected_are_said(load):
    assert load(ROWS).facts.unexpected is None
    assert load(ROWS, rows=40, kept=40, held_out=7).facts.unexpected is None
    assert load(ROWS, rows=50, kept=50, limit=3).facts.unexpected is None
    assert load(ROWS, rows=41).facts.unexpected == "40 rows were read, `rows` expects 41"
    odd = load([*ROWS, ROWS[0]], rows=41, kept=41, held_out=7).facts
    assert odd.unexpected == "40 conversations are left, `kept` expects 41"
    assert load({"path": "world/math", "rows": 30}).facts.unexpected is None


def test_problems_of_all_sources_come_at_once(tmp_path):
    bad, odd = write(tmp_path / "bad.jsonl", [*ROWS, BAD]), write(tmp_path / "odd.jsonl", [{"a": 1}])
    good = write(tmp_path / "good.jsonl", ROWS)
    with pytest.raises(InputError) as caught:
        loaded_all(tmp_path, {"one": bad, "two": good, "three": odd})
    fields = [problem.field for problem in caught.value.problems]
    assert fields == [f"{tmp_path / bad}:41", f"{tmp_path / odd}:1"]


def test_sources_of_a_sweep_by_ability(tmp_path):
    good = write(tmp_path / "good.jsonl", ROWS)
    loaded = loaded_all(tmp_path, {"own": good, "math": {"path": "world/math", "rows": 30}})
    assert {name: source.index.rows for name, source in loaded.items()} == {"own": 40, "math": 30}
    assert {source.index.name for source in loaded.values()} == {"own", "math"}


@pytest.mark.parametrize("duplicates", ["remove", "keep"])
def test_what_one_source_holds_out_no_other_trains_on(tmp_path, duplicates):
    other = [{"prompt": f"other {k}?", "completion": f"{k}."} for k in range(10)]
    shared = write(tmp_path / "shared.jsonl", [*ROWS, *other, *ROWS[:20]])
    math = {"path": write(tmp_path / "math.jsonl", ROWS), "held_out": 15}
    chat = {"path": shared, "duplicates": duplicates}
    alone = loaded_one(tmp_path, chat)
    loaded = loaded_all(tmp_path, {"math": math, "chat": chat, "far": {"path": shared}})
    reserved = set(loaded["math"].index.held_out)
    assert len(reserved) == 15
    for key in ("chat", "far"):
        source = loaded[key]
        assert not {one.partition(".")[0] for one in source.index.ids} & reserved
        facts = source.facts
        assert facts.read == facts.duplicates + facts.held_out_elsewhere + facts.left
        assert [source.conversation(one).id for one in source.trained.ids] == [
            one.partition(".")[0] for one in source.index.ids
        ]
    assert len(alone.index.ids) - len(loaded["chat"].index.ids) == loaded["chat"].facts.held_out_elsewhere
    assert loaded["math"].index.rows == 25


ANSWERS = [
    {"prompt": f"{question}?", "completion": f"{answer}."} for question in range(30) for answer in range(10)
]


def questions_of(conversations):
    return {one.messages[0].content for one in conversations}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=10)
@given(order=st.permutations(ANSWERS), duplicates=st.sampled_from(["keep", "remove"]))
def test_no_answer_to_a_held_out_question_is_trained_on(load, order, duplicates):
    source = load([*order, *order[:25]], duplicates=duplicates, held_out=6)
    assert source == load([*ANSWERS, *order[:25]], duplicates=duplicates, held_out=6)
    asked, trained = questions_of(source.held_out), questions_of(source.trained)
    assert len(source.held_out) == len(asked) == 6
    assert len(trained) == 24
    assert not asked & trained
    facts = source.facts
    assert facts.held_out_answers >= 54
    assert facts.read == facts.duplicates + facts.held_out + facts.held_out_answers + facts.left
    assert facts.kept == facts.read - facts.duplicates


def test_more_held_out_questions_hold_the_fewer_and_another_answer_changes_no_choice(load):
    few, many = (questions_of(load(ANSWERS, held_out=count).held_out) for count in (5, 12))
    assert few < many
    more = [*ANSWERS, *({"prompt": f"{question}?", "completion": "new"} for question in range(0, 30, 3))]
    assert questions_of(load(more, held_out=12).held_out) == many


def test_as_many_questions_as_there_are_leave_nothing(load):
    assert len(load(ANSWERS, held_out=29).held_out) == 29
    with pytest.raises(InputError, match="30: must be below 30, the number of distinct questions"):
        load(ANSWERS, held_out=30)


def test_a_question_that_one_source_holds_out_has_no_answer_in_another(tmp_path):
    math = {"path": write(tmp_path / "math.jsonl", ANSWERS[::10]), "held_out": 12}
    spaced = [{"instruction": f" {row['prompt']}\n\t", "output": "none"} for row in ANSWERS[::10]]
    near = [{"instruction": row["prompt"].replace("?", " ?"), "output": "none"} for row in ANSWERS[::10]]
    loaded = loaded_all(
        tmp_path,
        {
            "math": math,
            "same": {"path": write(tmp_path / "same.jsonl", ANSWERS)},
            "spaced": {"path": write(tmp_path / "spaced.jsonl", [*spaced, *near])},
        },
    )
    assert loaded["same"].facts.held_out_elsewhere == 120
    assert not questions_of(loaded["math"].held_out) & questions_of(loaded["same"].trained)
    assert loaded["spaced"].facts.held_out_elsewhere == 12
    assert loaded["spaced"].facts.left == 48, "`3 ?` is another text than `3?`"


def test_a_variant_loses_what_its_ability_is_asked(tmp_path):
    parts = [write(tmp_path / f"{name}.jsonl", rows) for name, rows in (("a", ROWS), ("b", ROWS[:5]))]
    joined = {"join": [{"path": parts[0]}, {"path": parts[1]}], "duplicates": "keep"}
    loaded = loaded_all(tmp_path, {"math": {"path": parts[0], "held_out": 10}, "math/joined": joined})
    reserved, joined = set(loaded["math"].index.held_out), loaded["math/joined"].index
    assert not {one.partition(".")[0] for part in joined.parts for one in part.ids} & reserved
    assert sorted(one for part in joined.parts for one in part.ids) == list(joined.ids)


def test_a_source_that_others_hold_out_whole_is_refused(tmp_path):
    few = write(tmp_path / "few.jsonl", ROWS[:2])
    math = {"path": write(tmp_path / "math.jsonl", ROWS), "held_out": 39}
    with pytest.raises(InputError, match=r"few\.source: 2 conversations: other sources hold out"):
        loaded_all(tmp_path, {"math": math, "few": {"path": few}})


def test_built_in_source_is_the_world_and_limit_shortens_it(tmp_path):
    found = read(tmp_path, {"path": "world/code", "rows": 30, "limit": 20})
    assert found == [conversation(item) for item in training_items("code", 20)]


def test_pretraining_text_of_the_world_is_documents(tmp_path):
    found = read(tmp_path, {"path": "world/pretraining", "rows": 25})
    assert len(found) == 25
    assert {one.role for each in found for one in each.messages} == {"text"}


def test_remote_file_is_read_through_fsspec(tmp_path):
    name = write(tmp_path / "a.jsonl", random.Random(0).sample(ROWS, 40))
    loaded = loaded_all(f"file://{tmp_path}", {"x": name, "y": f"file://{tmp_path / name}"})
    assert [source.index.rows for source in loaded.values()] == [40, 40]
