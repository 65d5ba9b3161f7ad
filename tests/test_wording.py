"""What pydantic finds, in our words: every kind of error that a sweep file can have."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from raysft.wording import (
    Fault,
    Faults,
    argument,
    as_written,
    counted,
    did_you_mean,
    in_words,
    on_a_command_line,
)


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)
    whole: int = 1
    number: float = 1.0
    truth: bool = True
    text: Annotated[str, Field(min_length=2, max_length=4)] = "abc"
    some: Annotated[tuple[int, ...], Field(min_length=2, max_length=3)] = (1, 2)
    table: dict[str, int] = {}
    kind: Literal["token", "conversation"] = "token"
    only: Literal["fsdp2"] = "fsdp2"
    above: Annotated[float, Field(gt=0, lt=1)] = 0.5
    least: Annotated[int, Field(ge=1, le=1000)] = 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"whole": "x"}, "write a whole number"),
        ({"whole": 1.5}, "write a whole number"),
        ({"whole": []}, "write a whole number"),
        ({"number": "x"}, "write a number"),
        ({"number": {}}, "write a number"),
        ({"number": float("inf")}, "write a number that is not infinite"),
        ({"truth": "perhaps"}, "write true or false"),
        ({"truth": []}, "write true or false"),
        ({"text": 5}, 'write text; in quotes it is: "5"'),
        ({"text": []}, "write text"),
        ({"text": "a"}, "write at least 2 characters"),
        ({"text": "abcde"}, "write at most 4 characters"),
        ({"some": 5}, "write a list, such as [a, b]"),
        ({"some": [1]}, "give at least 2"),
        ({"some": [1, 2, 3, 4]}, "give at most 3"),
        ({"table": 5}, "write a mapping, such as {key: value}"),
        ({"kind": "tokens"}, "use token or conversation; did you mean token?"),
        ({"kind": 7}, "use token or conversation"),
        ({"only": "fsdp"}, "use fsdp2"),
        ({"above": 0}, "must be above 0"),
        ({"above": 1}, "must be below 1"),
        ({"least": 0}, "must be at least 1"),
        ({"least": 1001}, "must be at most 1000"),
        ({"more": 1}, "no such key here"),
    ],
)
def test_an_error_says_what_would_be_right(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Form.model_validate(fields)
    assert in_words(caught.value.errors()[0]) == said


def test_a_missing_value_and_a_whole_that_is_no_mapping() -> None:
    class Needs(BaseModel):
        here: int

    for given, said in (({}, "must be given"), (5, "write a mapping, such as {key: value}")):
        with pytest.raises(ValidationError) as caught:
            Needs.model_validate(given)
        assert in_words(caught.value.errors()[0]) == said


def test_an_error_that_is_not_known_keeps_its_own_words() -> None:
    assert in_words({"type": "of_next_year", "msg": "as it says"}) == "as it says"


@pytest.mark.parametrize(
    ("written", "known", "said"),
    [
        ("mth", ["code", "math"], "; did you mean math?"),
        ("law", ["code", "math"], ""),
        (5, ["5a"], "; did you mean 5a?"),
        ("x", [], ""),
    ],
)
def test_only_what_is_spelt_alike_is_proposed(written: object, known: list[str], said: str) -> None:
    assert did_you_mean(written, known) == said


def test_a_number_comes_with_its_noun() -> None:
    assert [counted(one, "score") for one in (0, 1, 1200)] == ["0 scores", "1 score", "1,200 scores"]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "null"), (True, "true"), (5, "5"), (0.25, "0.25"), ("math", "math"), ("5", '"5"'), ("", '""'),
        ("true", '"true"'), ("1/4", "1/4"), ({}, "{}"), ([], "[]"),
        ({"a": [1, {"b": None}]}, "{a: [1, {b: null}]}"),
        ("a\u202eb", '"a\\u202eb"'), ("x" * 100, "x" * 57 + "..."),
        (10**400, "a number of more than 60 digits"),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_yaml_has_it(value: object, said: str) -> None:
    assert as_written(value) == said


def test_a_value_of_any_size_is_shown_at_once() -> None:
    huge = {f"k{number}": ["x" * 10**6] * 1000 for number in range(1000)}
    assert len(as_written(huge)) <= 60
    assert len(as_written([huge] * 10**6)) <= 60


def test_options_are_named_as_whoever_asks_knows_them() -> None:
    assert (argument("--set"), argument("--set", "a=1"), argument("--store")) == (
        "changes",
        'changes=["a=1"]',
        "store",
    )
    with on_a_command_line():
        assert (argument("--set"), argument("--set", "a=1"), argument("--store")) == (
            "--set",
            "--set a=1",
            "--store",
        )
    assert argument("--only") == "only"


def test_faults_are_told_with_their_places() -> None:
    faults = Faults([Fault(("a", 0), 5, "write text"), Fault((), None, "give more")])
    assert str(faults) == "a.0: write text; give more"
