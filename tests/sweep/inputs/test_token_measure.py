"""Tokens of subsets: counted as training counts them, sampled, or as the sweep file expects."""

import json
from pathlib import Path

import pytest
from support.example_sweep import spec_of

from raysft.data.sources.pipeline import Source, load_sources
from raysft.data.tokens.counts_cache import CountsCache
from raysft.data.tokens.prepared import Prepared
from raysft.plan.token_counts import MeanTokens
from raysft.spec.recipe import Recipe
from raysft.spec.source import SourceSpec
from raysft.spec.sweep import SweepSpec
from raysft.store import Store
from raysft.sweep.inputs.bases import find_bases
from raysft.sweep.inputs.prepare import prepared_source
from raysft.sweep.inputs.token_measure import KeptCounts, TokenMeasure, expected, indexes_of, thinned
from raysft.train.batching.corpus import read_corpus
from raysft.train.job import JobPortion, StageJob

SHORT = Recipe(max_length=56)


@pytest.fixture(scope="module")
def spec() -> SweepSpec:
    return spec_of("s: {model: tiny, strategy: multi_task}")


@pytest.fixture(scope="module")
def sources(spec: SweepSpec) -> dict[str, Source]:
    return load_sources(spec.sources, spec.data_dir, {})


@pytest.fixture
def measure(spec: SweepSpec, sources: dict[str, Source], tmp_path: Path) -> TokenMeasure:
    store = Store.open(str(tmp_path / "store"))
    bases = find_bases(spec, indexes_of(sources), ["tiny"])

    def tokenised(model: str, source: Source) -> Path:
        return prepared_source(store, source, bases[model], sources)

    return TokenMeasure(spec, sources, frozenset(bases), tokenised)


@pytest.mark.parametrize("recipe", [Recipe(max_length=256), SHORT], ids=["whole", "split"])
@pytest.mark.parametrize(("seed", "count"), [(0, 64), (0, 10), (3, 10), (3, 1)])
def test_what_is_counted_is_what_training_uses(
    measure: TokenMeasure, sources: dict[str, Source], recipe: Recipe, seed: int, count: int
) -> None:
    ids = sources["math"].index.prefix(seed, count)
    folder = measure.tokenised("tiny", sources["math"])
    job = StageJob(
        fingerprint="f",
        attempt="a",
        parent=folder,
        portions=(JobPortion("math", folder, ids),),
        recipe=recipe,
        seed=0,
        layout="auto",
        micro_batch_tokens=256,
        resume_every_s=1,
        store_url="",
    )
    _, (used,) = read_corpus(job)
    total = measure("tiny", "math", recipe).total(seed, count)
    assert (total.tokens, total.supervised) == (used.tokens, used.supervised_tokens)


def test_the_longest_prefix_has_at_most_so_many_supervised_tokens(measure: TokenMeasure) -> None:
    counts = measure("tiny", "math", Recipe())
    whole = counts.total(5, 64).supervised
    count = counts.longest(5, int(whole) // 3)
    assert counts.total(5, count).supervised <= whole // 3 < counts.total(5, count + 1).supervised


def test_a_sample_of_a_joined_source_has_its_parts_by_their_weights(tmp_path: Path) -> None:
    for name, rows in (("many", 200), ("few", 20)):
        (tmp_path / f"{name}.jsonl").write_text(
            "".join(
                json.dumps({"prompt": f"{name} {one}?", "completion": name}) + "\n" for one in range(rows)
            )
        )
    join = [{"path": str(tmp_path / f"{name}.jsonl")} for name in ("many", "few")]
    spec = spec_of("s: {model: tiny, strategy: multi_task}", abilities={"chat": {"source": {"join": join}}})
    source = load_sources(spec.sources, spec.data_dir, {})["chat"]
    sample = thinned(source, 10)
    few = [one for one in sample.trained if one.messages[1].content == "few"]
    assert (source.index.rows, len(sample.trained), len(few)) == (40, 10, 5)


def test_a_large_source_is_sampled_where_that_is_enough(
    measure: TokenMeasure, sources: dict[str, Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysft.sweep.inputs.token_measure.SAMPLE", 16)
    few = thinned(sources["math"], 16)
    assert set(few.index.ids) < set(sources["math"].index.ids)
    assert len(Prepared.open(measure.tokenised("tiny", few))) == 16
    measure.sample_above = 40
    sampled, counted = measure("tiny", "math", Recipe()), measure("tiny", "general", Recipe())
    assert (sampled.basis, counted.basis) == ("sampled", "counted")
    measure.sample_above = None
    exact = TokenMeasure(measure.spec, sources, measure.models, measure.tokenised)("tiny", "math", Recipe())
    assert sampled.total(0, 64).tokens == pytest.approx(exact.total(0, 64).tokens, rel=0.2)


def test_what_is_not_here_is_as_the_sweep_file_expects(spec: SweepSpec, sources: dict[str, Source]) -> None:
    nothing = TokenMeasure(spec, {}, frozenset(["tiny"]), lambda *_: Path())
    no_model = TokenMeasure(spec, sources, frozenset(), lambda *_: Path())
    for measure in (nothing, no_model):
        assert (
            measure("tiny", "math", Recipe())
            == expected(spec.sources["math"], Recipe())
            == MeanTokens(400, 250)
        )


def test_what_was_counted_before_is_not_tokenised_again(
    measure: TokenMeasure, sources: dict[str, Source], tmp_path: Path
) -> None:
    """The numbers are the same, for every seed; another recipe or tokenizer is counted anew."""
    asked: list[str] = []

    def tokenised(model: str, source: Source) -> Path:
        asked.append(source.index.name)
        return measure.tokenised(model, source)

    def again(tokenizer: str = "t") -> TokenMeasure:
        kept = KeptCounts(
            CountsCache(tmp_path / "cache"), lambda _, source: f"{source.index.name} {tokenizer}"
        )
        return TokenMeasure(measure.spec, sources, measure.models, tokenised, kept=kept)

    whole = [measure("tiny", "math", SHORT).total(seed, 20) for seed in range(3)]
    for _ in range(2):
        counts = again()("tiny", "math", SHORT)
        assert [counts.total(seed, 20) for seed in range(3)] == whole
        assert counts.longest(0, 100) == measure("tiny", "math", SHORT).longest(0, 100)
    assert asked == ["math"]
    again()("tiny", "math", Recipe(max_length=57))
    again()("tiny", "math", Recipe(max_length=56, overflow="cut"))
    again("another")("tiny", "math", SHORT)
    again()("tiny", "code", SHORT)
    assert asked == ["math"] * 4 + ["code"]


@pytest.mark.parametrize(
    ("said", "length"),
    [
        ({}, (400, 250)),
        ({"format": "sharegpt"}, (1370, 1145)),
        ({"tokens": 100}, (100, 62.5)),
        ({"supervised_tokens": 500}, (800, 500)),
        ({"tokens": 3000, "supervised_tokens": 1500}, (3000, 1500)),
    ],
)
def test_what_is_expected_of_a_conversation(said: dict[str, object], length: tuple[float, float]) -> None:
    source = SourceSpec.model_validate({"path": "gone.jsonl", "rows": 10, **said})
    assert source.expected_length == pytest.approx(length)
    split, cut = (Recipe(max_length=1000, overflow=one) for one in ("split", "cut"))
    assert expected(source, split).tokens == pytest.approx(length[0])
    assert expected(source, cut).tokens == pytest.approx(min(1000, length[0]))
    assert expected(source, cut).supervised <= expected(source, cut).tokens
