from importlib.metadata import version
from typing import Any

import pytest

from raysft.evaluate.engine import (
    Answering,
    Engine,
    EngineIdentity,
    generations_fingerprint,
    generations_identity,
)
from raysft.evaluate.engines.transformers_engine import TransformersEngine

ENGINE = EngineIdentity("transformers", "5.23.0", "fp32")
GIVEN = {
    "answering": Answering("w" * 32, "t" * 32),
    "questions_digest": "q" * 32,
    "max_new_tokens": 100,
    "engine": ENGINE,
    "seed": 0,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("answering", Answering("v" * 32, "t" * 32)),
        ("answering", Answering("w" * 32, "s" * 32)),
        ("questions_digest", "p" * 32),
        ("max_new_tokens", 101),
        ("engine", EngineIdentity("other", "5.23.0", "fp32")),
        ("engine", EngineIdentity("transformers", "5.24.0", "fp32")),
        ("engine", EngineIdentity("transformers", None, "fp32")),
        ("engine", EngineIdentity("transformers", "5.23.0", "bf16")),
        ("seed", 1),
    ],
)
def test_everything_that_defines_answers_is_in_their_key(field: str, value: object) -> None:
    assert key(**GIVEN) == key(**GIVEN)
    assert key(**{**GIVEN, field: value}) != key(**GIVEN)


def key(**given: Any) -> str:
    return generations_fingerprint(generations_identity(**given))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_an_engine_says_what_its_identity_is(precision: str) -> None:
    engine: Engine = TransformersEngine("cpu", precision, 8)
    assert (engine.name, engine.version, engine.precision) == (
        "transformers",
        version("transformers"),
        precision,
    )
