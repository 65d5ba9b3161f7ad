"""What a sweep would do, told before its data and models are here: for `raysft plan`.

What is here is read as a run would read it. A source that is not, or that would have to be fetched from afar,
is taken to be as the sweep file says; a base by its name.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from raysft.data.tokens.counts_cache import CountsCache, user_cache_folder
from raysft.errors import InputError, Problem, gathered
from raysft.identity import SourceKey
from raysft.plan.cost.model_shape import ModelShape
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.bases import Base, used_models
from raysft.sweep.inputs.model_sizes import shape_of
from raysft.sweep.inputs.prepare import Shelf
from raysft.sweep.inputs.present import what_is_here
from raysft.sweep.inputs.read import Inputs, resolve

_COUNTED_UP_TO = 100_000
"""Conversations of a source that are tokenised to count them; of more, a sample is."""


@dataclass(frozen=True)
class Survey(Inputs):
    """A sweep, of which not everything has been read, with what its costs rest on.

    Its `measure` takes a sample of large sources.
    """

    shapes: Mapping[str, ModelShape]
    """By model."""
    not_decontaminated: tuple[str, ...]
    """Sources that are here, and that will lose what they share with benchmarks whose files are not here."""


def survey(spec: SweepSpec, store: Shelf) -> Survey:
    """Read what is here, and plan.

    Args:
        spec: the sweep, loaded with `data="expected"`.
        store: where sources are tokenised to, so that their tokens can be counted.

    Raises:
        InputError: with everything that is wrong with what is here, and what cannot be planned without.
    """
    present, problems = what_is_here(spec), list[Problem]()
    shapes: dict[str, ModelShape] = {}
    with gathered(problems):
        shapes = _shapes(spec, {name: None for name in used_models(spec) if name not in present.models})
    with gathered(problems):
        found = resolve(spec, present, lambda: store, CountsCache(user_cache_folder()))
    if problems:
        raise InputError(problems)
    shapes.update(_shapes(spec, found.bases))
    parts = {
        **vars(found),
        "measure": replace(found.measure, sample_above=_COUNTED_UP_TO),
        "shapes": shapes,
        "not_decontaminated": (
            _asking_for_removal(spec, found.sources) if len(present.benchmarks) < len(spec.benchmarks) else ()
        ),
    }
    return Survey(**parts)


def _asking_for_removal(spec: SweepSpec, sources: Iterable[SourceKey]) -> tuple[str, ...]:
    """Sources that ask to be freed of questions of the benchmarks."""
    asked = {key: spec.sources[key].contamination for key in sources}
    return tuple(key for key, one in asked.items() if one is not None and one.mode == "remove")


def _shapes(spec: SweepSpec, bases: Mapping[str, Base | None]) -> dict[str, ModelShape]:
    """The sizes of models, by their base, or without one."""
    found, problems = {}, []
    for name, base in bases.items():
        shape = shape_of(spec.models[name], base)
        if shape is None:
            remedy = "is neither here nor known to raysft; to plan, say its sizes: `shape`"
            problems.append(Problem(f"models.{name}.base", spec.models[name].label, remedy))
        else:
            found[name] = shape
    if problems:
        raise InputError(problems)
    return found
