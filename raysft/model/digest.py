"""What identifies weights: the bytes of their files. Needs no torch."""

import hashlib
from pathlib import Path

from raysft.identity import digest_lines


def weights_digest(folder: Path) -> str:
    """Digest of the bytes of all tensor files of a Hugging Face folder, by their sorted names.

    Raises:
        FileNotFoundError: if there is no tensor file.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise FileNotFoundError(f"no *.safetensors in {folder}")
    return digest_lines(f"{one.name} {_file_digest(one)}" for one in files)


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
