"""Only what some point uses may count for any."""

from typing import Any

import pytest

from raysft.spec.sweep import SweepSpec
from raysft.spec.used import sources_by_model, tokenizer_sources, used_benchmarks, used_sources

SHAPE = {"hidden_size": 8, "layers": 1, "heads": 1, "feed_forward": 8, "vocabulary": 300}


def spec(studies: dict[str, Any], **base: Any) -> SweepSpec:
    return SweepSpec.model_validate(
        {
            "name": "t",
            "abilities": {
                "math": {
                    "source": "m.jsonl",
                    "variants": {"short": "s.jsonl", "spare": "x.jsonl"},
                    "benchmark": "world/math",
                    "report": ["gsm8k"],
                },
                "code": {"source": "c.jsonl"},
                "general": {"source": {"path": "g.jsonl", "held_out": 5}, "benchmark": "held_out"},
                "extra": {"source": "e.jsonl"},
            },
            "models": {"tiny": {"base": "world/base"}, "scratch": {"base": {**SHAPE, **base}}},
            "studies": studies,
        }
    )


@pytest.mark.parametrize(
    ("study", "trained"),
    [
        ({"strategy": {"single": "math"}}, ("math",)),
        ({"strategy": "base"}, ()),
        ({"strategy": "multi_task", "abilities": ["code", "math"]}, ("math", "code")),
        ({"strategy": "multi_task"}, ("math", "code", "general", "extra")),
        ({"strategy": {"single": "math"}, "variant": [{}, {"math": "short"}]}, ("math", "math/short")),
        ({"strategy": {"single": "code"}, "variant": {"math": "short"}}, ("code",)),
        ({"strategy": {"stages": [{"code": 1}, {"math": "1/2"}]}}, ("math", "code")),
        (
            {
                "strategy": [{"single": "math"}, {"single": "code"}],
                "exclude": {"strategy": {"single": "math"}},
            },
            ("code",),
        ),
    ],
)
def test_a_model_uses_what_its_points_train_on(study: dict[str, Any], trained: tuple[str, ...]) -> None:
    found = sources_by_model(spec({"s": {"model": "tiny", **study}}))
    assert found == {"tiny": trained, "scratch": ()}


def test_what_a_benchmark_asks_of_a_held_out_set_is_used_as_well() -> None:
    single = {"model": "tiny", "strategy": {"single": "math"}}
    assert used_sources(spec({"s": single})) == ("math", "general")
    reported = spec({"s": {**single, "benchmarks": "report"}})
    assert (used_sources(reported), used_benchmarks(reported)) == (("math",), ("math/gsm8k",))


def test_a_tokenizer_learns_from_what_is_named_or_else_from_what_its_model_is_trained_on() -> None:
    study = {"model": "scratch", "strategy": {"single": "math"}}
    assert tokenizer_sources(spec({"s": study})) == {"scratch": ("math",)}
    named = spec({"s": study}, sources=["extra", "code"])
    assert tokenizer_sources(named) == {"scratch": ("code", "extra")}
    assert used_sources(named) == ("math", "code", "general", "extra")


def test_a_choice_of_studies_uses_what_the_whole_file_does() -> None:
    whole = spec(
        {
            "a": {"model": "scratch", "strategy": {"single": "math"}},
            "b": {"model": "scratch", "strategy": {"single": "code"}, "benchmarks": "all"},
        }
    )
    for chosen in (whole.only(["a"]), whole.only(["a", "b"]).only(["a"])):
        assert tokenizer_sources(chosen) == tokenizer_sources(whole) == {"scratch": ("math", "code")}
        assert used_sources(chosen) == used_sources(whole)
        assert used_benchmarks(chosen) == used_benchmarks(whole)
