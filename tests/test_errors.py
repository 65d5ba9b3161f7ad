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
