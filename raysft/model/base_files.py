"""Where the files of a base model are: built in, in a folder, or on the Hugging Face Hub.

find_base(BaseName("world/base"), "weights", "models.m.base")          the folder in this package
find_base(BaseName("llama", data_dir="/data"), "tokenizer", "--model")  /data/llama, if there is one
find_base(BaseName("owner/name", revision="v1"), "config", "--model")   a folder of the Hub's cache
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from huggingface_hub import snapshot_download

from raysft.data.world import BASES
from raysft.errors import InputError, Problem
from raysft.spec.paths import opened_path

Wanted = Literal["config", "tokenizer", "weights"]
"""What is read of a base: its `config.json`, its tokenizer as well, or everything."""

_CONFIG = "config.json"
_DESCRIBES = ("*.json", "*.jinja", "*.model", "*.txt")
"""What a folder has beside its weights."""
_TENSORS = "*.safetensors"
_FETCHED: dict[Wanted, tuple[str, ...]] = {
    "config": (_CONFIG,),
    "tokenizer": _DESCRIBES,
    "weights": (*_DESCRIBES, _TENSORS),
}
"""Files that are fetched from the Hub; the same weights in other forms are not."""
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class BaseName:
    """A base model as somebody names it."""

    name: str
    """A built-in base, a folder, or a Hub id (`owner/name`)."""
    data_dir: str = "."
    """What the relative path of a folder starts from."""
    revision: str | None = None
    """Of a Hub id; None for its main branch."""

    @property
    def path(self) -> Path:
        """The folder that is meant, if it is one."""
        return Path(opened_path(self.data_dir, self.name))


def find_base(base: BaseName, wanted: Wanted, field: str) -> Path:
    """A folder with the files that are wanted of a base; one of the Hub is fetched.

    Args:
        base: what is meant.
        wanted: which files.
        field: where it is named, for the message.

    Raises:
        InputError: there is no such base, it cannot be fetched, or it lacks what is wanted.
    """
    folder = _folder(base) or _fetched(base, wanted, field)
    lacking = _lacking(folder, wanted)
    if lacking is not None:
        raise InputError([Problem(field, base.name, f"there is no {lacking} in {folder}")])
    return folder


def local_base(base: BaseName, wanted: Literal["config", "weights"]) -> Path | None:
    """The same without a network; None for a base of which nothing, or not all that is wanted, is here.

    A folder is given as it is: that something lacks there is for `find_base` to say.
    """
    folder = _folder(base)
    return folder if folder is not None else _cached(base, wanted)


def _folder(base: BaseName) -> Path | None:
    if base.name in BASES:
        return BASES[base.name]
    return base.path if base.path.is_dir() else None


def _cached(base: BaseName, wanted: Literal["config", "weights"]) -> Path | None:
    try:
        folder = Path(snapshot_download(base.name, revision=base.revision, local_files_only=True))
    except (OSError, ValueError):
        return None
    # The cache has a folder from the first file on: whoever looked at a tokenizer has fetched no weights.
    return folder if _lacking(folder, wanted) is None else None


def _fetched(base: BaseName, wanted: Wanted, field: str) -> Path:
    patterns = list(_FETCHED[wanted])
    try:
        return Path(snapshot_download(base.name, revision=base.revision, allow_patterns=patterns))
    except (OSError, ValueError) as error:
        cause = " ".join(str(error).split())[:200]
        remedy = f"neither a folder ({base.path}) nor a Hub id that can be reached: {cause}"
        raise InputError([Problem(field, base.name, remedy)]) from None


def _lacking(folder: Path, wanted: Wanted) -> str | None:
    """Name of a file that is wanted and not there.

    Not covered: files of a tokenizer, of which there are many kinds; opening it tells.
    """
    if wanted == "tokenizer":
        return None
    if not (folder / _CONFIG).is_file():
        return _CONFIG
    return None if wanted == "config" else _lacking_weights(folder)


def _lacking_weights(folder: Path) -> str | None:
    if not any(folder.glob(_TENSORS)):
        return _TENSORS
    if not (folder / _INDEX).is_file():
        return None
    named = json.loads((folder / _INDEX).read_text(encoding="utf-8"))["weight_map"].values()
    return next((name for name in sorted(set(named)) if not (folder / name).is_file()), None)
