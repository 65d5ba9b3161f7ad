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
        ("engine", EngineIdentity("transformers", "5.23.0", "fp32", 64, 512)),
        ("seed", 1),
    ],
)
def test_everything_that_defines_answers_is_in_their_key(field: str, value: object) -> None:
    assert key(**GIVEN) == key(**GIVEN)
    assert key(**{**GIVEN, field: value}) != key(**GIVEN)


def test_in_bf16_what_is_answered_side_by_side_is_in_the_key_and_in_fp32_it_is_not() -> None:
    def asked(precision: str, batch_size: int = 64, shard_size: int = 512) -> str:
        sizes = {"batch_size": batch_size, "shard_size": shard_size}
        return key(**{**GIVEN, "engine": EngineIdentity.of("transformers", None, precision, **sizes)})

    assert asked("fp32", 32) == asked("fp32", 64, 100) == asked("fp32")
    assert len({asked("bf16"), asked("bf16", 32), asked("bf16", 64, 100)}) == 3
    before = {"name": "transformers", "version": None, "precision": "fp32"}
    assert EngineIdentity("transformers", None, "fp32").as_json() == before, "keys of finished sweeps"


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
