"""The model that `--model` names: a folder, a Hub id, a built-in one, or one of a sweep."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from pydantic import ValidationError
from transformers import PreTrainedTokenizerBase

from raysft.cli.data.arguments import ModelOptions
from raysft.data.tokens.chat_templates import OWN, TEMPLATES
from raysft.errors import InputError, Problem, gathered
from raysft.model.base_files import BaseName, Wanted, find_base
from raysft.model.template_overlay import dress
from raysft.spec.model import ModelSpec
from raysft.spec.recipe import Recipe
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.chosen_template import ChosenTemplate, choose_template
from raysft.wording import in_words

_Spec = TypeVar("_Spec", ModelSpec, Recipe)


@dataclass(frozen=True)
class NamedModel:
    """What `--model`, `--template`, `--max-length` and `--overflow` mean."""

    title: str
    base: BaseName
    template: ChosenTemplate
    recipe: Recipe
    """How it would be trained: as its sweep says or by default, and what the command line says otherwise."""
    counts_losses: bool = False
    """Whether it trains on what is left where the template loses text."""


@dataclass(frozen=True)
class OpenedModel:
    """A model whose files are here."""

    folder: Path
    """With the chat template in use."""
    tokenizer: PreTrainedTokenizerBase
    """The one in the folder."""


def named_model(name: str, options: ModelOptions, sweep: SweepSpec | None) -> NamedModel:
    """Find what `--model` means; nothing is opened yet but a file with a template.

    Args:
        name: a model of the sweep, or what a sweep file has under `base`.
        options: where it is given, the template and the lengths in place of the model's, or the sweep's, own.
        sweep: the one that the source is of; None if it is of none.

    Raises:
        InputError: with everything that is wrong: no such built-in model, a model from scratch, which has no
            tokenizer before its sweep has begun, no file with a template, a recipe that is none.
    """
    problems: list[Problem] = []
    of_sweep = sweep is not None and name in sweep.models
    model, recipe, data_dir = ModelSpec(base="world/base"), Recipe(), "."
    with gathered(problems):
        if sweep is not None and of_sweep:
            model, recipe, data_dir = sweep.models[name], sweep.recipe_of(name), sweep.data_dir
        else:
            model = _validated(ModelSpec, {"base": name}, "--model")
        if not isinstance(model.base, str):
            remedy = "is a model from scratch: its tokenizer is made when the sweep begins; name another"
            raise InputError([Problem("--model", name, remedy)])
    with gathered(problems):
        chosen = _chosen_template(name, model, options.template, data_dir)
    with gathered(problems):
        recipe = _changed(recipe, options)
    if problems:
        raise InputError(problems)
    base, counts = BaseName(model.label, data_dir, model.revision), model.template_losses == "count"
    return NamedModel(name, base, chosen, recipe, counts)


@contextmanager
def opened_model(model: NamedModel, wanted: Wanted) -> Iterator[OpenedModel]:
    """The model in a folder whose tokenizer has the template in use, as long as the block runs.

    Raises:
        InputError: there is no such model, or its chat template does not do what training asks of it.
    """
    folder = find_base(model.base, wanted, "--model")
    found = model.template.on_tokenizer_in(folder, "--model")
    if found.text is None:
        yield OpenedModel(folder, found.tokenizer)
        return
    with TemporaryDirectory() as dressed:
        dress(folder, found.text, Path(dressed))
        yield OpenedModel(Path(dressed), found.tokenizer)


def _chosen_template(name: str, model: ModelSpec, template: str | None, data_dir: str) -> ChosenTemplate:
    if template is None:
        field = f"chat template of {name}" if model.template == OWN else f"models.{name}.template"
        return choose_template(model.template, field, data_dir, model.template_inputs)
    # a file on the command line is found from here, not from where the data of a sweep lies
    here = template if template in (OWN, *TEMPLATES) else str(Path(template).absolute())
    return choose_template(here, "--template", data_dir)


def _changed(recipe: Recipe, options: ModelOptions) -> Recipe:
    given = {"max_length": options.max_length, "overflow": options.overflow}
    changed = {name: value for name, value in given.items() if value is not None}
    return _validated(Recipe, {**recipe.model_dump(), **changed}, "")


def _validated(kind: type[_Spec], fields: dict[str, object], option: str) -> _Spec:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        found = error.errors()
    raise InputError([_problem(one, option) for one in found])


def _problem(error: Any, option: str) -> Problem:  # noqa: ANN401 - as pydantic gives it
    field = option or f"--{str(error['loc'][-1]).replace('_', '-')}"
    return Problem(field, str(error["input"]), in_words(error))
