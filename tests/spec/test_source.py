"""Sources: what they may be, what they are where nothing is said, and what is refused."""

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from raysft.spec.source import BUILT_IN, Contamination, DropRule, NearDuplicates, PartSpec, SourceSpec


@pytest.mark.parametrize(
    ("written", "paths"),
    [
        ("a.jsonl", ("a.jsonl",)),
        (["a.jsonl", "b.jsonl"], ("a.jsonl", "b.jsonl")),
        ({"path": ["a.jsonl"]}, ("a.jsonl",)),
        ({"join": ["a.jsonl", {"path": ["b.jsonl", "c.jsonl"]}]}, ("a.jsonl", "b.jsonl", "c.jsonl")),
    ],
)
def test_every_spelling_names_its_files_in_order(written: object, paths: tuple[str, ...]) -> None:
    spec = SourceSpec.model_validate(written)
    assert spec.paths == paths
    assert not spec.is_world


def test_a_part_that_stands_alone_has_the_form_of_the_source() -> None:
    (part,) = SourceSpec(path="a.jsonl", format="alpaca").parts
    assert (part.paths, part.format, part.weight, part.drop) == (("a.jsonl",), "alpaca", Fraction(1), ())


def test_a_source_of_which_nothing_is_said() -> None:
    spec = SourceSpec.model_validate("a.jsonl")
    assert (spec.format, spec.duplicates, spec.on_bad_row) == ("auto", "remove", "refuse")
    assert (spec.held_out, spec.limit, spec.rows, spec.kept) == (0, None, None, None)
    assert (spec.near_duplicates, spec.contamination, spec.drop) == (None, None, ())
    assert spec.expected_length == (400, 250)


def test_near_duplicates_and_contamination_of_which_nothing_is_said() -> None:
    near, shared = NearDuplicates(), Contamination()
    assert (near.similarity, near.shingle, near.permutations) == (0.8, 5, 128)
    assert (shared.mode, shared.words) == ("report", 13)


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_sources_are_known(name: str) -> None:
    assert SourceSpec.model_validate(name).is_world


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({}, "name at least one file, in `path` or in `join`"),
        ([], "name at least one file"),
        ({"path": "a", "join": ["b"]}, "in `path` or in `join`, one of them"),
        ("world/law", "is one of world/math, world/code, world/general, world/pretraining"),
        (["world/math", "a.jsonl"], "a built-in source is the only path"),
        ({"join": ["world/math", "a.jsonl"]}, "a built-in source cannot be joined with others"),
        (
            {"path": "a", "tokens": 10, "supervised_tokens": 11},
            "11.0 are part of tokens 10.0",
        ),
        ({"join": [{"path": "a", "weight": 0}]}, "must be above 0; leave the part out"),
        ({"join": [{"path": "a", "weight": "-1/2"}]}, "must be above 0"),
        ({"join": [{"path": "a", "weight": 0.5}]}, "write an exact fraction such as 1/4"),
        ({"path": "a", "near_duplicates": {"permutations": 8}}, "greater than or equal to 16"),
        ({"path": "a", "near_duplicates": {"similarity": 0}}, "greater than 0"),
        ({"path": "a", "contamination": {"words": 2}}, "greater than or equal to 3"),
        ({"path": "a", "rows": 0}, "greater than or equal to 1"),
        ({"path": "a", "held_out": -1}, "greater than or equal to 0"),
    ],
)
def test_what_is_no_source_is_refused(written: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SourceSpec.model_validate(written)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"field": "lang"},
        {"any_of": ["x"], "none_of": ["y"]},
        {"matches": "x", "shorter_than": 5},
        {"shorter_than": 5, "longer_than": 9},
    ],
)
def test_a_rule_has_exactly_one_condition(fields: dict[str, Any]) -> None:
    names = "any_of, none_of, matches, shorter_than, longer_than"
    with pytest.raises(ValidationError, match=f"give exactly one of {names}"):
        DropRule.model_validate(fields)


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({"any_of": ["code", "math"]}, "tags any_of code, math"),
        ({"none_of": "en", "field": "lang"}, "lang none_of en"),
        ({"matches": "as an AI", "role": "assistant"}, "matches as an AI role assistant"),
        ({"shorter_than": 5}, "shorter_than 5"),
        ({"longer_than": 0}, "longer_than 0"),
    ],
)
def test_a_rule_has_words_for_counts(fields: dict[str, Any], label: str) -> None:
    assert DropRule.model_validate(fields).label == label


def test_what_is_no_regular_expression_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"is no regular expression: .* at position 0"):
        DropRule(matches="[a")


def test_a_bare_path_is_a_part_of_weight_one() -> None:
    assert PartSpec.model_validate("a.jsonl") == PartSpec(path="a.jsonl", weight=Fraction(1))
    assert PartSpec.model_validate({"path": "a", "weight": "6/4"}).weight == Fraction(3, 2)


@pytest.mark.parametrize("given", ["merge_same_side", ["merge_same_side"]])
def test_one_rule_or_several_clean_a_source(given):
    assert SourceSpec.model_validate({"path": "a.jsonl", "clean": given}).clean == ("merge_same_side",)
    part = {"join": [{"path": "a.jsonl", "clean": given}]}
    assert SourceSpec.model_validate(part).parts[0].clean == ("merge_same_side",)
    with pytest.raises(ValueError, match="drop_leading_answer"):
        SourceSpec.model_validate({"path": "a.jsonl", "clean": "tidy"})
    with pytest.raises(ValueError, match="built-in"):
        SourceSpec.model_validate({"path": "world/math", "clean": given})


@pytest.mark.parametrize(
    ("written", "share"),
    [("5%", "1/20"), ("1/20", "1/20"), (0.05, "1/20"), (0, "0"), (1, "1"), ("100%", "1")],
)
def test_a_share_of_bad_rows_is_written_as_people_write_it(written, share):
    spec = SourceSpec.model_validate({"path": "a.jsonl", "max_bad_rows": written})
    assert spec.model_dump(mode="json")["max_bad_rows"] == share
    assert SourceSpec.model_validate(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    "written", [-0.1, "101%", "many", True, None, "1/0", "%", float("nan"), "1e999999999%"]
)
def test_what_is_no_share_of_bad_rows_is_refused(written):
    with pytest.raises(ValidationError, match="write a share from 0 to 1"):
        SourceSpec.model_validate({"path": "a.jsonl", "max_bad_rows": written})
