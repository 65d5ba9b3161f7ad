"""Errors travel between processes and say what is wrong."""

import pickle

import pytest

from raysft.errors import (
    ClusterError,
    DamagedArtifact,
    InputError,
    OutOfMemory,
    Problem,
    RaysftError,
    StageFailed,
    StoreError,
    Unscored,
)

PROBLEMS = (Problem("amount", "2", "at most 1"), Problem("name", "a/b", "letters and digits"))


@pytest.mark.parametrize(
    "error",
    [
        InputError(PROBLEMS),
        StoreError("no space"),
        DamagedArtifact("other bytes"),
        ClusterError("no driver"),
        StageFailed("0123456789abcdef", "not_finite", "loss is NaN at step 40"),
        StageFailed("0123456789abcdef", "infrastructure", "the worker died", attempts=3),
        OutOfMemory("does not hold one answer"),
        Unscored("judge is down"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_survives_the_way_to_another_process(error: RaysftError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert vars(back) == vars(error)
    assert isinstance(back, RaysftError)


def test_wrong_input_says_every_problem_on_a_line_of_its_own() -> None:
    assert str(InputError(PROBLEMS)) == "amount: 2: at most 1\nname: a/b: letters and digits"


def test_a_failed_stage_names_itself_its_kind_and_its_cause() -> None:
    error = StageFailed("0123456789abcdef", "out_of_memory", "CUDA out of memory")
    assert str(error) == "stage 0123456789ab failed (out_of_memory): CUDA out of memory"


def test_each_problem_is_told_once_and_long_lists_end_in_a_number() -> None:
    rows = [Problem(f"chats.jsonl:{line}", "{}", "no messages") for line in range(332)]
    others = [Problem(f"models.m{number}", "5", "write a mapping") for number in range(150)]
    error = InputError([*rows, PROBLEMS[0], *rows, *others])
    assert error.problems == (*rows, PROBLEMS[0], *others)
    lines = str(error).split("\n")
    assert lines[:20] == [str(one) for one in rows[:20]]
    assert lines[20] == str(PROBLEMS[0])
    assert lines[-2:] == ["chats.jsonl: and 312 more rows", "and 51 more problems"]
    assert len(lines) == 20 + 100 + 2
