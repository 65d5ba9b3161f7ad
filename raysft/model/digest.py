"""What identifies weights: the bytes of their files, and how a model computes with them. Needs no torch."""

import hashlib
import json
from pathlib import Path

from raysft.identity import WeightsDigest, canonical_bytes, digest_bytes, digest_lines

_SAYS_NOTHING = ("_name_or_path", "transformers_version")
"""Keys of config.json that tell where a model was read from and what wrote it."""


def weights_digest(folder: Path) -> WeightsDigest:
    """Digest of the tensor files of a Hugging Face folder, by their sorted names, and of its config.json.

    The same tensors with another number of heads or another base of the rotary embedding are another model.

    Raises:
        FileNotFoundError: if there is no tensor file, or no config.json.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise FileNotFoundError(f"no *.safetensors in {folder}")
    tensors = [f"{one.name} {_file_digest(one)}" for one in files]
    described = f"config.json {_config_digest(folder / 'config.json')}"
    return WeightsDigest(digest_lines([*tensors, described]))


def _config_digest(path: Path) -> str:
    config = json.loads(path.read_text(encoding="utf-8"))
    return digest_bytes(canonical_bytes({key: config[key] for key in config if key not in _SAYS_NOTHING}))


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
