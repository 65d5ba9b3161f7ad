"""The log of a process: one file per process of a run, in the folder of its sweep in the store.

Whatever is logged or warned of (`logging`, `warnings`), by us or by a library, is written there: in processes
that Ray starts nobody would see it otherwise. A file comes into being with its first line. A line is one
record, `time level logger: message`; what could break a line or speak to a terminal is escaped.
"""

import atexit
import logging
import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import TextIOWrapper
from pathlib import Path
from typing import Literal, TextIO

from typing_extensions import override

from raysft.errors import StoreError
from raysft.store import Store

Role = Literal["driver", "coordinator", "trial", "trainer", "engine"]

_FOLDER = "logs"
_AT_ONCE = 100
"""Lines that are sent to object storage one by one, as they come; a whole file each time. Then each hundredth
counts: the 10,000 lines that are the most are written in 199 turns."""
_MOST = 10_000
"""Lines that a file on object storage has at most."""

_started: dict[tuple[str, str, str], logging.Handler] = {}
"""The log that `start_process_log` began in this process, by its store, sweep and role."""


def start_process_log(store: Store, sweep: str, role: Role) -> None:
    """Keep the log of this process until it ends; called where a process of Ray begins, and maybe again."""
    key = (store.url, sweep, role)
    if key in _started:
        return
    for other in list(_started):
        _stop(_started.pop(other))
    _started[key] = _handler(store, sweep, role)
    logging.getLogger().addHandler(_started[key])
    logging.captureWarnings(True)


@contextmanager
def driver_log(store: Store, sweep: str) -> Iterator[None]:
    """Keep the log of this process while a block runs. What is logged is seen on the error stream as well."""
    root, handlers = logging.getLogger(), (_handler(store, sweep, "driver"), _to_terminal())
    for handler in handlers:
        root.addHandler(handler)
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        for handler in handlers:
            _stop(handler)


def _stop(handler: logging.Handler) -> None:
    logging.getLogger().removeHandler(handler)
    handler.close()


def escaped(text: str) -> str:
    """Text on one line, with nothing in it that a terminal would obey or that reads backwards."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class OneLine(logging.Formatter):
    """One record, one line, tracebacks included."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    @override
    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

    @override
    def format(self, record: logging.LogRecord) -> str:
        return escaped(super().format(record).rstrip())


class _LocalFile(logging.FileHandler):
    """Appends; makes file and folder when there is something to write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)

    @override
    def _open(self) -> TextIOWrapper:
        os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
        return super()._open()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)  # a full disk must not end a run over a warning


class _StoredFile(logging.Handler):
    """Writes the whole file anew, since objects cannot be appended to: at each line, later at each hundredth.

    A process that is killed may lose up to a hundred lines of many.
    """

    def __init__(self, store: Store, sweep: str, name: str) -> None:
        super().__init__()
        self._store, self._sweep, self._name = store, sweep, name
        self._lines: list[str] = []
        self._writing = False
        atexit.register(self.flush)

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if len(self._lines) < _MOST:
            self._lines.append(self.format(record))
            if len(self._lines) <= _AT_ONCE or len(self._lines) % _AT_ONCE == 0:
                self._write(record)

    @override
    def close(self) -> None:
        self.flush()
        atexit.unregister(self.flush)
        super().close()

    @override
    def flush(self) -> None:
        if self._lines:
            self._write(None)

    def _write(self, record: logging.LogRecord | None) -> None:
        if self._writing:
            return  # the store itself has warned; its line goes with the next write
        self._writing = True
        data = "".join(f"{line}\n" for line in self._lines).encode("utf-8", "backslashreplace")
        try:
            self._store.write_file(self._sweep, self._name, data)
        except StoreError as error:
            if record is not None:
                self.handleError(record)
            else:
                print(escaped(f"a log is lost: {error}"), file=sys.stderr)
        finally:
            self._writing = False


class _Terminal(logging.StreamHandler[TextIO]):
    """The error stream as it is at the moment: a picture of progress may have put itself in between."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """Where lines go."""
        return sys.stderr


def _to_terminal() -> logging.Handler:
    handler = _Terminal()
    handler.setFormatter(OneLine())
    return handler


def _handler(store: Store, sweep: str, role: Role) -> logging.Handler:
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{role}-{host}-{os.getpid()}.log"
    local = "://" not in store.url
    path = Path(store.sweep_path(f"{sweep}/{_FOLDER}")) / name if local else None
    handler = _LocalFile(path) if path else _StoredFile(store, sweep, f"{_FOLDER}/{name}")
    handler.setFormatter(OneLine())
    return handler
