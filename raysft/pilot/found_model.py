"""The model of a pilot: its sizes, context and template, without a network."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from raysft.errors import InputError, Problem
from raysft.model.base_files import BaseName, local_base
from raysft.plan.cost.model_shape import KNOWN, ModelShape, shape_from_config
from raysft.spec.model import BUILT_IN_BASES

_MARKS = re.compile(r"\{%-?\s*generation\s*-?%\}")
_CONTEXT = 2048
"""Tokens, where nothing is said."""
_CONTEXTS = {
    "huggyllama/": 2048,
    "TinyLlama/": 2048,
    "meta-llama/Llama-2-": 4096,
    "meta-llama/Meta-Llama-3-": 8192,
    "meta-llama/Llama-3.": 131072,
}
"""Longest sequence by the beginning of a Hub id, as the published config.json has it."""
_VICUNA_PREAMBLE = 42
"""Tokens of the sentences that the template `vicuna` begins with, and the BOS token."""


@dataclass(frozen=True)
class FoundModel:
    """A model as the sweep file will name it, and what is known of it."""

    base: str
    """A built-in name, a folder or a Hub id."""
    shape: ModelShape
    source: str
    """Where the sizes come from, in words."""
    context: int
    """Longest sequence in tokens."""
    template: str
    why_template: str
    folder: Path | None = None
    """Where its tokenizer is, if it is here."""
    shape_said: bool = False
    """Whether the sweep file must say the sizes."""

    @property
    def built_in(self) -> bool:
        """Whether it is one of those that are shipped, which train on a CPU core."""
        return self.base in BUILT_IN_BASES

    @property
    def preamble_tokens(self) -> int:
        """Tokens before the first turn."""
        return _VICUNA_PREAMBLE if self.template == "vicuna" else 1

    @property
    def name(self) -> str:
        """What the sweep file calls it."""
        last = self.base if self.built_in else self.base.rstrip("/").rpartition("/")[2]
        return re.sub(r"[^A-Za-z0-9_-]+", "-", last).strip("-_")[:40] or "model"


def find_model(model: str, shape_from: Path | None) -> FoundModel:
    """What is known of a model; nothing is fetched.

    Args:
        model: `world/base`, a Hugging Face folder, or a Hub id.
        shape_from: config.json of a model that is neither here nor known.

    Raises:
        InputError: its sizes are not known, or are not those of a LLaMA-like model.
    """
    folder = local_base(BaseName(model), "config")
    if model in BUILT_IN_BASES and folder is not None:
        return _in_folder(model, folder, "shipped with raysft")
    if folder is not None and (folder / "config.json").is_file():
        base = str(folder.resolve()) if Path(model).is_dir() else model
        return _in_folder(base, folder, "from its config.json")
    if shape_from is not None:
        config = _read_config(shape_from, "--shape-from")
        context = _context(config)
        return FoundModel(
            model,
            _shape(config, "--shape-from"),
            f"from {shape_from.name}",
            context,
            *_ABSENT,
            shape_said=True,
        )
    if model in KNOWN:
        context = next((one for start, one in _CONTEXTS.items() if model.startswith(start)), _CONTEXT)
        template = _LLAMA_3 if re.match(r"meta-llama/(Meta-)?Llama-3", model) else _ABSENT
        return FoundModel(model, KNOWN[model], "known to raysft", context, *template)
    remedy = (
        "is no folder with a config.json, and raysft does not know its sizes: give the model's config.json "
        f"with --shape-from FILE, or use a folder, {', '.join(BUILT_IN_BASES)}, or one of {', '.join(KNOWN)}"
    )
    raise InputError([Problem("--model", model, remedy)])


_ABSENT = (
    "vicuna",
    (
        "USER: and ASSISTANT:, which suits any tokenizer; for the model's own form, write `own` if its "
        "template has generation marks, which say what is trained on, or give a Jinja file that has"
    ),
)
"""Template, and why, of a model whose tokenizer is not here."""
_LLAMA_3 = ("llama-3", "the form that Llama 3 was given by its authors, with marks of what is trained on")
"""The same of one whose tokenizer has Llama 3's marks."""


def _in_folder(base: str, folder: Path, source: str) -> FoundModel:
    config = _read_config(folder / "config.json", "--model")
    if _MARKS.search(_own_template(folder)):
        template = ("own", "the tokenizer's own template has generation marks, which say what is trained on")
    else:
        why = "the tokenizer's own template has no generation marks, which say what is trained on"
        template = ("vicuna", f"{why}; or give a Jinja file that has")
    return FoundModel(base, _shape(config, "--model"), source, _context(config), *template, folder=folder)


def _own_template(folder: Path) -> str:
    try:
        if (folder / "chat_template.jinja").is_file():
            return (folder / "chat_template.jinja").read_text(encoding="utf-8")
        if (folder / "tokenizer_config.json").is_file():
            settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
            return str(settings.get("chat_template") or "") if isinstance(settings, dict) else ""
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise InputError(
            [Problem("--model", str(folder), f"its chat template cannot be read: {cause}")]
        ) from None
    return ""


def _read_config(path: Path, field: str) -> Mapping[str, object]:
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise InputError([Problem(field, str(path), f"cannot be read: {cause}")]) from None
    if not isinstance(config, dict):
        raise InputError([Problem(field, str(path), "holds no JSON object; give a model's config.json")])
    return config


def _shape(config: Mapping[str, object], field: str) -> ModelShape:
    try:
        return shape_from_config(config)
    except InputError as error:
        found = [Problem(f"{field}: {one.field}", one.value, one.remedy) for one in error.problems]
        raise InputError(found) from None


def _context(config: Mapping[str, object]) -> int:
    said = config.get("max_position_embeddings")
    return said if isinstance(said, int) and said >= 8 else _CONTEXT
