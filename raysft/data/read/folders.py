"""The files of a data set that is a folder.

What `Dataset.save_to_disk` and `DatasetDict.save_to_disk` write; and a folder of files, as a clone of a data
set of the Hub is. Of several splits `train` is read unless another is said (`hf:///a/folder:test`).
Not covered: files in more than one folder, and splits that only the card of a data set tells.
"""

import json
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from raysft.data.read.row import refused

_ENDINGS = re.compile(
    r"\.(?:jsonl|ndjson|json|parquet|arrow|feather)(?:\.(?:gz|zst|bz2|xz))?$", re.IGNORECASE
)
_DESCRIBING = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
_SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
}
"""Words in the names of files and folders, as the datasets library reads them."""
_DICT, _STATE = "dataset_dict.json", "state.json"


def files_of(path: str, files: Any, folder: str, split: str = "") -> list[str]:  # noqa: ANN401 - fsspec
    """The files of a data set, relative to its folder, in the order of their names.

    Args:
        path: as it was given, for messages.
        files: the file system it is on.
        folder: its path there.
        split: to read; empty for `train`, or the only one.

    Raises:
        InputError: it has no files of rows, or no such split; or it is not clear which ones are meant.
    """
    folder = folder.rstrip("/")
    if files.exists(f"{folder}/{_DICT}"):
        splits = _json(path, files, f"{folder}/{_DICT}").get("splits")
        one = _one_split(path, [one for one in _list(splits) if _is_name(one)], split)
        return [f"{one}/{name}" for name in _saved(path, files, f"{folder}/{one}", "")]
    if files.exists(f"{folder}/{_STATE}"):
        return _saved(path, files, folder, split)
    found = sorted(one.removeprefix(f"{folder}/") for one in files.find(folder))
    return _chosen(path, [one for one in found if _is_data(one)], split)


def _saved(path: str, files: Any, folder: str, split: str) -> list[str]:  # noqa: ANN401 - fsspec
    state = _json(path, files, f"{folder}/{_STATE}")
    if split and state.get("_split") not in (None, split):
        raise refused(path, f"split {split}", f"it is the split {state.get('_split')}")
    named = [one.get("filename") for one in _list(state.get("_data_files")) if isinstance(one, dict)]
    if not named or not all(map(_is_name, named)):
        raise refused(path, _STATE, "does not name the files of the data set; save it again")
    return [str(one) for one in named]


def _json(path: str, files: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - fsspec
    try:
        found = json.loads(files.cat_file(name))
    except (ValueError, RecursionError) as error:
        raise refused(path, PurePosixPath(name).name, f"is not JSON: {error}") from None
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value not in ("", ".", "..") and "/" not in value


def _is_data(name: str) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "_")) for part in parts)
    return not hidden and parts[-1] not in _DESCRIBING and _ENDINGS.search(parts[-1]) is not None


def _chosen(path: str, names: Sequence[str], split: str) -> list[str]:
    if not names:
        remedy = "holds no .jsonl, .json, .parquet or .arrow; name the files, or a folder that has some"
        raise refused(path, "is a folder", remedy)
    splits: dict[str, list[str]] = {}
    for name in names:
        splits.setdefault(_split_of(name), []).append(name)
    named = [one for one in splits if one]
    # files that name no split beside others that do are not rows of one of them
    found = splits[_one_split(path, named, split)] if named else list(names)
    if len({str(PurePosixPath(name).parent) for name in found}) > 1:
        first, *_, last = found
        raise refused(path, f"is a folder with {first} and {last}", "name one of its folders, or the files")
    return found


def _split_of(name: str) -> str:
    words = re.split(r"[^a-z]+", name.lower())
    return next((_SPLITS[word] for word in reversed(words) if word in _SPLITS), "")


def _one_split(path: str, splits: Sequence[str], said: str) -> str:
    wanted = said or ("train" if len(splits) != 1 else splits[0])
    if wanted not in splits:
        given = f"split {said}" if said else "is a folder of several splits"
        remedy = f"it has {', '.join(splits) or 'none'}; say one: hf:///{path.strip('/')}:SPLIT"
        raise refused(path, given, remedy)
    return wanted
