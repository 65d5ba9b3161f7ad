"""The names in a store; no other module knows them.

```
prepared|bases|stages/<key>/<attempt>/<files>      data of one attempt
prepared|bases|stages/<key>/record.json            names the attempt that won; written last
generations/<fingerprint>/<shard>/...              the same, one level deeper
scores|failures/<key>.json                         one document each
resume/<stage>/<step>-<attempt>/<files>            state of an unfinished stage, manifest.json last
leases/<key>/<number>                              who works on what
sweeps/<sweep>/<files>                             free files of a sweep, `tune/` for Ray
damaged/...                                        what was set aside, under the path that it had
work/...                                           folders being written, and the trial of exclusive creation
```

Paths are relative to the store, with `/` between their parts on every machine.
"""

import re
import secrets

from raysft.errors import StoreError

ARTIFACT_DEPTHS = {"prepared": 1, "bases": 1, "stages": 1, "generations": 2}
"""Kinds of artifacts with the number of parts of their keys."""
DOCUMENT_KINDS = ("scores", "failures")
TOP_NAMES = frozenset({*ARTIFACT_DEPTHS, *DOCUMENT_KINDS, "resume", "leases", "sweeps", "damaged"})
"""A place is a store if one of these is in it. `work` does not count: a store just opened holds nothing."""
RECORD = "record.json"
MANIFEST = "manifest.json"
RESUME = "resume"
WORK = "work"
_PART = re.compile(r"[A-Za-z0-9_=+][A-Za-z0-9_.=+-]{0,199}")
_STEP_DIGITS = 9  # leading zeros, so that names sort as numbers: 900 before 1000
_LEASE_DIGITS = 9


def new_attempt() -> str:
    """A name that no other attempt has, nor ever had."""
    return secrets.token_hex(8)


def checked(path: str) -> str:
    """The path itself, if each of its parts is a plain name; else StoreError.

    Letters, digits and `_ . = + -`, not starting with `.` or `-`: so no path leads out of its folder, hides
    itself, or means something to a shell or to a glob.
    """
    if not all(_PART.fullmatch(part) for part in path.split("/")):
        raise StoreError(
            f"{path!r} cannot be a name in the store: use letters, digits, '_', '.', '=', '+' and '-', "
            "at most 200 of them, and begin with a letter or a digit"
        )
    return path


def checked_file(name: str) -> str:
    """The name of a file of a published folder, if it stays in that folder; else StoreError."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise StoreError(f"{name!r} cannot be the name of a stored file: it must stay in its folder")
    return name


def artifact(kind: str, key: str) -> str:
    """Folder of everything about one artifact."""
    depth = ARTIFACT_DEPTHS.get(kind)
    if depth is None:
        raise StoreError(f"no artifacts of kind {kind!r}; there are {', '.join(ARTIFACT_DEPTHS)}")
    if key.count("/") != depth - 1:
        raise StoreError(f"the key {key!r} of kind {kind!r} must have {depth} part(s)")
    return f"{kind}/{checked(key)}"


def record(kind: str, key: str) -> str:
    """The record of an artifact."""
    return f"{artifact(kind, key)}/{RECORD}"


def attempt(kind: str, key: str, name: str) -> str:
    """Folder of one attempt at an artifact."""
    return f"{artifact(kind, key)}/{checked(name)}"


def document(kind: str, key: str) -> str:
    """A document."""
    if kind not in DOCUMENT_KINDS:
        raise StoreError(f"no documents of kind {kind!r}; there are {', '.join(DOCUMENT_KINDS)}")
    if "/" in key:
        raise StoreError(f"the key {key!r} of a document must have one part")
    return f"{kind}/{checked(key)}.json"


def resume_states(stage: str) -> str:
    """Folder of all resume states of a stage."""
    if "/" in stage:
        raise StoreError(f"the stage {stage!r} must have one part")
    return f"{RESUME}/{checked(stage)}"


def resume_state(stage: str, step: int, attempt_name: str) -> str:
    """Folder of one resume state."""
    if not 0 <= step < 10**_STEP_DIGITS or "/" in attempt_name:
        raise StoreError(f"no resume state at step {step} of attempt {attempt_name!r}")
    return f"{resume_states(stage)}/{step:0{_STEP_DIGITS}d}-{checked(attempt_name)}"


def is_resume_state(folder: str) -> bool:
    """Whether this is the name of a resume state's folder; in the order of such names the newest is last."""
    digits, _, attempt_name = folder.partition("-")
    return len(digits) == _STEP_DIGITS and digits.isascii() and digits.isdigit() and attempt_name != ""


def leases(key: str) -> str:
    """Folder of the numbered objects of a lease."""
    return f"leases/{checked(key)}"


def sweep_file(sweep: str, name: str) -> str:
    """A free file of a sweep."""
    return f"{sweep_folder(sweep)}/{checked(name)}"


def sweep_folder(name: str) -> str:
    """Folder of a sweep, or of something below it."""
    return f"sweeps/{checked(name)}"


def set_aside(path: str) -> str:
    """A place for something damaged, never taken before."""
    return f"damaged/{path}/{new_attempt()}"


def lease_number(name: str) -> int | None:
    """The number of an object of a lease; None for another object."""
    return int(name) if name.isascii() and name.isdigit() else None


def lease_object(key: str, number: int) -> str:
    """One numbered object of a lease."""
    return f"{leases(key)}/{number:0{_LEASE_DIGITS}d}"
