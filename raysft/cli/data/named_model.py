"""The model that `--model` names: a folder, a Hub id, a built-in one, or one of a sweep."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, TypeVar

from huggingface_hub import snapshot_download
from pydantic import ValidationError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from raysft.data.inspect.named_source import NamedSource
from raysft.data.tokens.chat_templates import OWN, TEMPLATES
from raysft.data.tokens.template_check import check_template
from raysft.data.world import BASES
from raysft.errors import InputError, Problem
from raysft.model.template_overlay import dress
from raysft.spec.fields import Frozen
from raysft.spec.load import resolve
from raysft.spec.model import ModelSpec
from raysft.spec.recipe import Recipe
from raysft.sweep.inputs.chosen_template import choose_template

_DESCRIBES = ("*.json", "*.jinja", "*.model", "*.txt")
"""Files of a folder beside its weights."""

Wanted = Literal["tokenizer", "weights"]
_Spec = TypeVar("_Spec", bound=Frozen)


@dataclass(frozen=True)
class NamedModel:
    """What `--model` and `--template` mean."""

    title: str
    base: str
    """A folder, a Hub id or a built-in base."""
    spec: ModelSpec
    recipe: Recipe
    """How it would be trained: of the sweep's model, or the default."""

    def settings(self, max_length: int | None, overflow: str | None) -> Recipe:
        """The recipe with what the command line says otherwise."""
        said = {"max_length": max_length, "overflow": overflow}
        changed = {name: value for name, value in said.items() if value is not None}
        return _validated(Recipe, {**self.recipe.model_dump(), **changed}, "")


def named_model(name: str, template: str | None, source: NamedSource) -> NamedModel:
    """Find what `--model` means; nothing is opened yet.

    Args:
        name: a model of the sweep that the source is of, or what a sweep file has under `base`.
        template: `--template`; None for the model's own, or what the sweep says.
        source: for the sweep.

    Raises:
        InputError: a model from scratch, which has no tokenizer before its sweep has begun.
    """
    if source.from_sweep and name in source.spec.models:
        model = source.spec.models[name]
        if not isinstance(model.base, str):
            remedy = "is a model from scratch: its tokenizer is made when the sweep begins; name another"
            raise InputError([Problem("--model", name, remedy)])
        base, recipe = resolve(source.spec, model.base), source.spec.recipe_of(name)
        base = base if Path(base).is_dir() else model.base
    else:
        model, base, recipe = _validated(ModelSpec, {"base": name}, "--model"), name, Recipe()
    if template is not None:
        # a file on the command line is found from here, not from where the data of a sweep lies
        here = template if template in (OWN, *TEMPLATES) else str(Path(template).absolute())
        model = model.model_copy(update={"template": here})
    return NamedModel(name, base, model, recipe)


@contextmanager
def opened_model(model: NamedModel, source: NamedSource, wanted: Wanted) -> Iterator[Path]:
    """A folder with the model's files, its tokenizer having the template in use, as long as the block runs.

    Raises:
        InputError: there is no such model, or its chat template does not do what training asks of it.
    """
    folder = _folder(model, wanted)
    chosen = choose_template(source.spec, model.spec.template, "--template")
    tokenizer = tokenizer_of(folder)
    text = chosen.text_for(tokenizer)
    if text is not None:
        tokenizer.chat_template = text
    check_template(tokenizer, f"chat template of {model.title}" if text is None else "--template")
    if text is None:
        yield folder
        return
    with TemporaryDirectory() as dressed:
        dress(folder, text, Path(dressed))
        yield Path(dressed)


def tokenizer_of(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer in a folder; no code from it is run.

    Raises:
        InputError: there is none.
    """
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        raise InputError([Problem("--model", str(folder), f"has no tokenizer that opens: {cause}")]) from None


def _folder(model: NamedModel, wanted: Wanted) -> Path:
    if model.base in BASES:
        return BASES[model.base]
    if Path(model.base).is_dir():
        return Path(model.base)
    patterns = list(_DESCRIBES) if wanted == "tokenizer" else [*_DESCRIBES, "*.safetensors"]
    try:
        return Path(snapshot_download(model.base, revision=model.spec.revision, allow_patterns=patterns))
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        remedy = f"neither a folder nor a Hub id that can be reached: {cause}"
        raise InputError([Problem("--model", model.base, remedy)]) from None


def _validated(kind: type[_Spec], fields: dict[str, object], option: str) -> _Spec:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        found = error.errors()
    problems = []
    for one in found:
        field = option or f"--{str(one['loc'][-1]).replace('_', '-')}"
        problems.append(Problem(field, str(one["input"]), str(one["msg"]).removeprefix("Value error, ")))
    raise InputError(problems)
