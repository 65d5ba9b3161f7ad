"""What kind of file it is, told by how it begins and never by its name alone."""

import json
import re
from json import JSONDecodeError
from typing import Literal

from raysft.data.read.packing import HEAD
from raysft.data.read.row import refused

Kind = Literal["lines", "old lines", "array", "values", "parquet", "arrow file", "arrow stream"]
"""JSON Lines; the same with line ends of a carriage return alone; one array; values one after the other, each
over several lines, as `jq` writes them, or one alone; and tables."""

_RIGHT = "give the rows as JSON Lines, a JSON array, Parquet or Arrow"
_UNPACK = f"unpack it, and {_RIGHT}"

_TABLES: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow file"),
    (b"\xff\xff\xff\xff", "arrow stream"),
)
_OTHERS = (
    (b"version https://git-lfs", "is a pointer of Git LFS, not the file itself", "fetch it: git lfs pull"),
    (b"/annex/objects/", "is a pointer of git-annex, not the file itself", "fetch it: git annex get"),
    (b"PK\x05\x06", "is a zip archive", _UNPACK),
    (b"\x04\x22\x4d\x18", "is packed by lz4", _UNPACK),
    (b"\x1f\x9d", "is packed by compress", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "is a 7z archive", _UNPACK),
    (b"Rar!", "is a rar archive", _UNPACK),
    (b"SQLite format 3\0", "is a database of SQLite", f"write the rows out: {_RIGHT}"),
    (b"\xd0\xcf\x11\xe0", "is a file of an office program", _RIGHT),
    (b"%PDF-", "is a PDF", _RIGHT),
    (b"\x89HDF", "is HDF5", _RIGHT),
    (b"\x93NUMPY", "is an array of NumPy", _RIGHT),
    (b"Obj\x01", "is Avro", _RIGHT),
    (b"ORC", "is ORC", _RIGHT),
    (b"FEA1", "is Feather of version 1", _RIGHT),
    (b"PARE", "is Parquet that is encrypted", _RIGHT),
)
"""How a file begins, what it is, and what to do."""
_CSV = "csv", "tsv"
_TO_LINES = (
    'python -c "import pandas, sys; pandas.read_csv(sys.argv[1]{sep})'
    ".to_json('rows.jsonl', orient='records', lines=True)\" {path}"
)
_JSON_NAME = re.compile(r"\.(?:jsonl|ndjson|json)(?:\.|$)")
_JSON_LINE = re.compile(rb'^[ \t]*[\[{"]', re.MULTILINE)


def kind_of(path: str, head: bytes) -> Kind:
    """The kind of an unpacked file.

    Args:
        path: for messages; what its name says counts only where the bytes may be JSON Lines or not.
        head: how it begins.

    Raises:
        InputError: it is of a kind that is not read; what it is, and what to do.
    """
    table = next((kind for mark, kind in _TABLES if head.startswith(mark)), None)
    if table:
        return table
    _refuse_others(path, head)
    text = head.strip()
    if not text and not _says_json(path):
        raise refused(path, "is empty", _RIGHT)
    _refuse_bare_utf16(path, text)
    if text.startswith(b"["):
        return _lists(head)
    if text.startswith(b"{"):
        return _objects(head)
    if text and not text.startswith(b'"') and not _may_be_lines(path, head):
        _refuse_text(path, head)
    return _lines(head)


def _says_json(path: str) -> bool:
    return _JSON_NAME.search(path.lower()) is not None


def _may_be_lines(path: str, head: bytes) -> bool:
    """Whether it is told line by line what is wrong, since a name or a line says that it is JSON."""
    return _says_json(path) and (b"\0" not in head or _JSON_LINE.search(head) is not None)


def _lines(head: bytes) -> Kind:
    return "old lines" if b"\r" in head and b"\n" not in head else "lines"


def _lists(head: bytes) -> Kind:
    """An array; or JSON Lines each of which is a list."""
    first, _, rest = head.lstrip().replace(b"\r", b"\n").partition(b"\n")
    return _lines(head) if rest.lstrip().startswith(b"[") and _is_json(first) else "array"


def _objects(head: bytes) -> Kind:
    """JSON Lines; or objects that go over several lines."""
    text = head.lstrip()
    first = text.replace(b"\r", b"\n").partition(b"\n")[0]
    if len(first) == len(text) or _is_json(first):
        return _lines(head)
    found = text.decode("utf-8", "replace")
    try:
        _, end = json.JSONDecoder().raw_decode(found)
    except JSONDecodeError as error:
        # what is right up to where the head ends is an object longer than it
        right = error.pos >= len(found) - 16 or error.msg.startswith("Unterminated string")
        return "values" if right and len(head) >= HEAD else _lines(head)
    except (ValueError, RecursionError):
        return _lines(head)
    return "values" if "\n" in found[:end] or "\r" in found[:end] else _lines(head)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _refuse_others(path: str, head: bytes) -> None:
    for mark, what, remedy in _OTHERS:
        if head.startswith(mark):
            raise refused(path, what, remedy)
    if head.startswith(b"PK\x03\x04"):
        spreadsheet = b"xl/" in head or b"[Content_Types].xml" in head
        raise refused(path, "is a spreadsheet" if spreadsheet else "is a zip archive", _UNPACK)
    if head[257:262] == b"ustar":
        raise refused(path, "is a tar archive", _UNPACK)
    if len(head) > 1 and head[0] == 0x80 and head[1] in range(2, 6):
        raise refused(path, "is a pickle of Python", f"it may run anything when it is opened: {_RIGHT}")
    if head.lstrip().startswith(b"<"):
        remedy = "is it a page to sign in, or of an error, under the name of the file? Fetch it again"
        raise refused(path, "is HTML or XML", remedy)


def _refuse_bare_utf16(path: str, text: bytes) -> None:
    if len(text) > 1 and 0 in text[:2] and any(one in b'{["' for one in text[:2]):
        raise refused(path, "is UTF-16 without a byte order mark", "save the file as UTF-8")


def _refuse_text(path: str, head: bytes) -> None:
    name = path.lower().rpartition(".")[2]
    if not _is_text(head):
        raise refused(path, "is of no kind that is known", _RIGHT)
    first = head.strip().splitlines()[0]
    if name in _CSV or any(first.count(mark) for mark in (b",", b"\t", b";")):
        sep = ", sep='\\t'" if b"\t" in first else ""
        remedy = f"write it as JSON Lines: {_TO_LINES.format(sep=sep, path=path)}"
        raise refused(
            path, "is a table in text (CSV)" if name in _CSV else "is text, or a table in text", remedy
        )
    remedy = 'write it as JSON Lines: {"text": ...} in a .jsonl file is a document'
    raise refused(path, "is plain text", remedy)


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # a character may be cut where the head ends
        return error.start >= len(head) - 3
    return True
