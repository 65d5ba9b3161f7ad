"""A sweep file as text, with a comment on every choice; read back before anything is written."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import wrap
from typing import Any

import yaml

from raysft.errors import InputError, Problem
from raysft.spec import SweepSpec, load_sweep

_WIDTH = 110
_ASIDE = 50
"""Column behind which no comment begins: of a longer line it goes above."""
_PLAIN = re.compile(r"[A-Za-z0-9_./-]+")


@dataclass
class Notes:
    """What is said about the keys of a sweep file, by their dotted path; an item of a list by `path[0]`."""

    header: list[str] = field(default_factory=list)
    """Lines at the top of the file; an empty one parts paragraphs."""
    about: dict[str, str] = field(default_factory=dict)
    """A mapping is written out in lines of its own where anything is said about what is in it."""
    after: dict[str, list[str]] = field(default_factory=dict)
    """Lines that are commented out behind a key, for whoever wants them."""


def compose(raw: Mapping[str, Any], notes: Notes) -> str:
    """The text of a sweep file.

    Args:
        raw: what it says, as YAML would give it.
        notes: a comment for every value.

    Raises:
        LookupError: there is a value that nothing is said about.
    """
    simple = {key: value for key, value in raw.items() if not isinstance(value, Mapping)}
    sections = [{key: value} for key, value in raw.items() if key not in simple]
    parts = [[f"# {_printable(line)}".rstrip() for line in notes.header]]
    parts += [list(_block(part, notes, "", 0)) for part in (simple, *sections)]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def write_checked(text: str, out: Path, expected: SweepSpec, *, overwrite: bool) -> None:
    """Write a sweep file that reads back as what was meant.

    Args:
        text: of the file.
        out: where to.
        expected: what it must say; its `data_dir` is absolute.
        overwrite: whether a file that is there is replaced.

    Raises:
        InputError: there is a file, or none can be written.
        AssertionError: the text says something else, which is a mistake of raysft.
    """
    try:
        descriptor, name = tempfile.mkstemp(".yaml", f".{out.stem}-", out.parent)
        written = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            found = load_sweep(written)
            if found != expected:
                raise AssertionError(f"the sweep file reads back as {found}, not as {expected}")
            with out.open("w" if overwrite else "x", encoding="utf-8") as file:
                file.write(text)
        finally:
            written.unlink()
    except FileExistsError:
        raise InputError([Problem("--out", str(out), "is there already; --force replaces it")]) from None
    except OSError as error:
        raise InputError([Problem("--out", str(out), error.strerror or "cannot be written")]) from None


def _block(mapping: Mapping[str, Any], notes: Notes, at: str, indent: int) -> Iterator[str]:
    """A mapping, one key per line, comments side by side where they fit."""
    pad = " " * indent
    leaves = {key: _flow(value) for key, value in mapping.items() if _is_leaf(value, notes, _under(at, key))}
    column = _column([f"{pad}{_scalar(key)}: {text}" for key, text in leaves.items()])
    for key, value in mapping.items():
        where = _under(at, key)
        head = f"{pad}{_scalar(key)}:"
        if key in leaves:
            yield from _line(f"{head} {leaves[key]}", notes.about[where], pad, column)
        else:
            if indent and isinstance(value, Mapping) and key != next(iter(mapping)):
                yield ""
            yield from _above(notes.about.get(where, ""), pad)
            yield head
            inside = _items if isinstance(value, list) else _block
            yield from inside(value, notes, where, indent + 2)
        yield from (f"{pad}# {_printable(line)}" for line in notes.after.get(where, ()))


def _items(values: Sequence[Any], notes: Notes, at: str, indent: int) -> Iterator[str]:
    pad = " " * indent
    lines = [f"{pad}- {_flow(value)}" for value in values]
    column = _column(lines)
    for place, line in enumerate(lines):
        yield from _line(line, notes.about[f"{at}[{place}]"], pad, column)


def _is_leaf(value: object, notes: Notes, where: str) -> bool:
    return not any(one.startswith((f"{where}.", f"{where}[")) for one in notes.about) or not isinstance(
        value, Mapping | list
    )


def _under(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _column(lines: Sequence[str]) -> int:
    return max((len(line) for line in lines if len(line) <= _ASIDE), default=0) + 2


def _line(line: str, note: str, pad: str, column: int) -> Iterator[str]:
    note = _printable(note)
    if len(line) <= _ASIDE and column + 2 + len(note) <= _WIDTH:
        yield f"{line.ljust(column)}# {note}"
    else:
        yield from _above(note, pad)
        yield line


def _above(note: str, pad: str) -> Iterator[str]:
    room = _WIDTH - len(pad) - 2
    yield from (f"{pad}# {line}" for line in wrap(_printable(note), room, break_on_hyphens=False))


def _printable(text: str) -> str:
    """A text as part of a comment: in one line, without what YAML or a terminal would act on."""
    return "".join(one if one.isprintable() else " " for one in text).rstrip()


def _flow(value: object) -> str:
    """A value in one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if isinstance(value, float):
        # YAML 1.1 takes 2e-05 for text.
        return f"{value:.1e}".replace("e-0", "e-") if 0 < abs(value) < 0.01 else f"{value:.10g}"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) is not None and yaml.safe_load(value) == value
        return value if plain else _quoted(value)
    return str(value)


def _quoted(text: str) -> str:
    width = 10 * len(text) + 10  # every character of it may be escaped
    written: str = yaml.safe_dump(text, default_style='"', allow_unicode=True, width=width)
    return written.rstrip("\n")
