"""How many tokens the subsets of a sweep have: counted where source and base are here, else as expected."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from raysft.composition.order import SourceIndex
from raysft.data.sources.pipeline import Source
from raysft.data.tokens.arrival import KINDS, Kind
from raysft.data.tokens.counts_cache import Columns, CountsCache
from raysft.data.tokens.fitting import Overflow
from raysft.data.tokens.prepared import FittedCounts, Loss, Prepared, losses_of
from raysft.identity import SourceKey, fingerprint
from raysft.plan.token_counts import CountedTokens, MeanTokens, PrefixSums, TokenCounts, TokenSum
from raysft.spec.recipe import Recipe
from raysft.spec.source import SourceSpec
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.bases import Base
from raysft.sweep.inputs.prepare import Shelf, prepared_key, prepared_source

SAMPLE = 5000
"""Conversations that are counted in place of all of a large source, in a plan that is only to be read."""

COUNTS_VERSION = 1
"""Raised when the same tokens are counted otherwise."""

_LOST = "lost "
"""Before the kind, in the name of a column of turns that the chat template lost."""

Tokenised = Callable[[str, Source], Path]
"""Folder of a source tokenised for a model; made if there is none."""


Measured = tuple[str, SourceKey, int, Overflow]
"""Model, source, and of the recipe the longest sequence and what happens to longer ones."""


_Basis = Literal["counted", "sampled"]


@dataclass(frozen=True)
class SourceFate:
    """What becomes of the conversations of a source under a model's template and longest sequence."""

    basis: _Basis
    conversations: int
    """All that can be trained on, or those of the sample."""
    longest: int
    """Tokens of the longest of them as it is trained on, its pieces together."""
    cut: int
    split: int
    dropped: int
    """Too long, or without one supervised token."""
    lost: Mapping[Kind, Loss]
    """What the chat template lost of them."""


@dataclass(frozen=True)
class KeptCounts:
    """Counts of before, for plans that are only to be read."""

    cache: CountsCache
    tokenised_key: Callable[[str, Source], str]
    """Content address of a source tokenised for a model."""

    def key(self, model: str, source: Source, recipe: Recipe) -> str:
        """What decides the counts of a source."""
        defining = {
            "tokenised": self.tokenised_key(model, source),
            "max_length": recipe.max_length,
            "overflow": recipe.overflow,
            "columns": [*FittedCounts._fields, *KINDS],
        }
        return fingerprint("token counts", COUNTS_VERSION, defining)


@dataclass
class TokenMeasure:
    """Tokens by (model, source, recipe), each counted once; nothing is tokenised before it is asked for."""

    spec: SweepSpec
    sources: Mapping[SourceKey, Source]
    """Those that are here, by key."""
    models: frozenset[str]
    """Whose tokenizer is here."""
    tokenised: Tokenised
    sample_above: int | None = None
    """Of a source with more conversations than this, some are tokenised in place of all; None counts all.
    A plan that is to be trained must count: its budgets decide what is trained on."""
    kept: KeptCounts | None = None
    """Where counts are looked up before anything is tokenised, and kept."""
    fates: dict[Measured, SourceFate] = field(default_factory=dict, init=False)
    """Of what was counted or sampled."""
    _kept: dict[Measured, TokenCounts] = field(default_factory=dict, init=False)
    _positions: dict[SourceKey, dict[str, int]] = field(default_factory=dict, init=False)

    def __call__(self, model: str, source: SourceKey, recipe: Recipe) -> TokenCounts:
        """Tokens after fitting to the recipe's longest sequence."""
        key = (model, source, recipe.max_length, recipe.overflow)
        if key not in self._kept:
            self._kept[key] = self._found(model, source, recipe)
        return self._kept[key]

    def _found(self, model: str, key: SourceKey, recipe: Recipe) -> TokenCounts:
        if key not in self.sources or model not in self.models:
            return expected(self.spec.sources[key], recipe)
        source = self.sources[key]
        if self.sample_above is not None and len(source.trained) > self.sample_above:
            return self._sampled(model, source, recipe)
        return self._counted(model, source, recipe)

    def _sampled(self, model: str, source: Source, recipe: Recipe) -> TokenCounts:
        thin = thinned(source, SAMPLE)
        tokens, supervised = self._fitted(model, thin, recipe, "sampled")
        return MeanTokens(float(tokens.mean()), max(float(supervised.mean()), 1e-9), "sampled")

    def _counted(self, model: str, source: Source, recipe: Recipe) -> TokenCounts:
        tokens, supervised = self._fitted(model, source, recipe, "counted")
        index, places = source.index, self._places(source)
        chosen_by_seed = index.rows != len(index.ids)
        squares = tokens**2
        whole = TokenSum(int(tokens.sum()), int(supervised.sum()), int(squares.sum()))

        def sums(seed: int) -> PrefixSums:
            order = [places[one] for one in index.prefix(seed, index.rows)]
            return PrefixSums(*(_running(one[order]) for one in (tokens, supervised, squares)))

        return CountedTokens(index.rows, None if chosen_by_seed else whole, sums)

    def _fitted(
        self, model: str, source: Source, recipe: Recipe, basis: _Basis
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Tokens of each row after fitting, all and supervised; what became of the rows is kept beside."""
        columns = self._columns(model, source, recipe)
        counts = FittedCounts(*(columns[name] for name in FittedCounts._fields))
        lost: dict[Kind, NDArray[np.int64]] = {
            kind: columns[_LOST + kind] for kind in KINDS if _LOST + kind in columns
        }
        self.fates[model, source.index.name, recipe.max_length, recipe.overflow] = SourceFate(
            basis=basis,
            conversations=len(counts.tokens),
            longest=int(counts.tokens.max(initial=0)),
            cut=counts.count("cut"),
            split=counts.count("split"),
            dropped=counts.count("dropped"),
            lost=losses_of(sorted(source.trained.ids), lost),
        )
        return counts.tokens, counts.supervised

    def _columns(self, model: str, source: Source, recipe: Recipe) -> Columns:
        """Counts of each conversation, in the order of the ids: those of before, or of now, and then kept."""
        key = self.kept.key(model, source, recipe) if self.kept else ""
        before = self.kept.cache.read(key, len(source.trained)) if self.kept else None
        if before is not None and before.keys() >= set(FittedCounts._fields):
            return before
        prepared = Prepared.open(self.tokenised(model, source))
        counts = prepared.fitted_counts(recipe.max_length, recipe.overflow)._asdict()
        found = counts | {_LOST + kind: turns for kind, turns in prepared.lost_turns.items()}
        if self.kept:
            self.kept.cache.keep(key, found)
        return found

    def _places(self, source: Source) -> dict[str, int]:
        key = source.index.name
        if key not in self._positions:
            # The rows of a tokenised source are sorted by id.
            self._positions[key] = {one: place for place, one in enumerate(sorted(source.trained.ids))}
        return self._positions[key]


def token_measure(
    spec: SweepSpec,
    sources: Mapping[SourceKey, Source],
    bases: Mapping[str, Base],
    store: Callable[[], Shelf],
    cache: CountsCache | None = None,
) -> TokenMeasure:
    """Tokens as the tokenizers of these bases count them; the store is asked for once it is written to.

    With a cache, what was counted before is taken from there, and the store is not asked for.
    """

    def tokenised_key(model: str, source: Source) -> str:
        return prepared_key(source, bases[model].identity)

    def tokenised(model: str, source: Source) -> Path:
        return prepared_source(store(), source, bases[model], sources)

    kept = KeptCounts(cache, tokenised_key) if cache else None
    return TokenMeasure(spec, sources, frozenset(bases), tokenised, kept=kept)


def thinned(source: Source, most: int) -> Source:
    """A source with so many of its conversations, evenly spread over the order in which it is used: a sample.

    The order interleaves the parts of a joined source by their weights, and so does the sample.
    """
    used = source.index.prefix(0, source.index.rows)
    chosen = {used[place] for place in np.linspace(0, len(used) - 1, most).astype(np.int64)}
    trained = source.trained.only(one in chosen for one in source.trained.ids)
    return replace(source, index=SourceIndex(source.index.name, trained.ids), trained=trained)


def expected(source: SourceSpec, recipe: Recipe) -> MeanTokens:
    """What the sweep file expects of a source that cannot be counted.

    Conversations that are longer than the longest sequence are taken to be cut there, unless they are split.
    """
    tokens, supervised = source.expected_length
    kept = 1.0 if recipe.overflow == "split" else min(1.0, recipe.max_length / tokens)
    return MeanTokens(kept * tokens, kept * supervised)


def _running(values: np.ndarray[tuple[int], np.dtype[np.int64]]) -> list[int]:
    """Sums over the first 0, 1, 2, … values."""
    found: list[int] = np.concatenate([[0], np.cumsum(values)]).tolist()
    return found


def indexes_of(sources: Mapping[SourceKey, Source]) -> dict[SourceKey, SourceIndex]:
    """The indexes of sources, by key."""
    return {key: source.index for key, source in sources.items()}
