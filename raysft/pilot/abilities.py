"""What the files of a pilot are called as abilities, and which of them is trained last."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from raysft.pilot.data_files import DataFile

_ENDINGS = (".gz", ".zst", ".bz2", ".xz", ".jsonl", ".ndjson", ".json", ".parquet", ".arrow")
_GENERAL = (
    "general",
    "chat",
    "chats",
    "sharegpt",
    "wildchat",
    "ultrachat",
    "lmsys",
    "instruct",
    "instruction",
    "instructions",
    "assistant",
    "dialogue",
    "dialogues",
    "conversation",
    "conversations",
    "dolly",
    "oasst",
)
"""Words in the name of a file that hold ability to talk about anything."""
_SPECIAL = ("code", "coder", "coding", "math", "maths", "gsm8k", "sql", "python", "program", "programming")
"""Words that say otherwise: `math_instruct` is about mathematics."""
_TALKS = 1.2
"""Answers per conversation from which on a file is one of dialogues."""
_LONGEST = 40


class Last(NamedTuple):
    """Which ability comes last, and why."""

    ability: str
    why: str


def ability_names(paths: Sequence[str]) -> list[str]:
    """A name for each file: its own without endings, of letters, digits, `_` and `-`, each once."""
    found: list[str] = []
    for path in paths:
        name = _sanitised(path)
        number = 2
        unique = name
        while unique in found:
            unique, number = f"{name}_{number}", number + 1
        found.append(unique)
    return found


def choose_last(files: dict[str, DataFile]) -> Last:
    """The ability that speaks about anything: by its name, its dialogues, its open answers, else its size.

    Args:
        files: by ability; two or more.
    """
    named = {ability: one for ability, one in files.items() if _is_general(ability)}
    if named:
        ability = max(named, key=lambda name: (named[name].turns, len(named[name].ids)))
        return Last(ability, "its name says that it holds conversations about anything")
    talks = max(files, key=lambda name: files[name].turns)
    if files[talks].turns > _TALKS:
        return Last(talks, f"it has the most answers per conversation, {files[talks].turns:.1f}")
    free = {ability: one for ability, one in files.items() if one.kind == "open"}
    if free:
        ability = max(free, key=lambda name: free[name].answer_characters)
        return Last(ability, "of the answers that are neither programs nor sums, it has the longest")
    largest = max(files, key=lambda name: len(files[name].ids))
    return Last(
        largest,
        f"no file is named as general, none has dialogues, and it is the largest: "
        f"{len(files[largest].ids):,} conversations",
    )


def _is_general(ability: str) -> bool:
    words = re.split(r"[^a-z0-9]+", ability.lower())
    return any(word in _GENERAL for word in words) and not any(word in _SPECIAL for word in words)


def _sanitised(path: str) -> str:
    # Of `hf://owner/name/config:split` the name counts.
    name = (
        path.split("/")[3] if path.startswith("hf://") and path.count("/") > 2 else PurePosixPath(path).name
    )
    name = name.partition(":")[0] if path.startswith("hf://") else name
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")
    return name[:_LONGEST] or "ability"
