"""A Ray cluster of several nodes on this machine, none of which is ours to `raysft`."""

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from raysft.cluster.ports import free_port
from support.command import until

RAY = str(Path(sys.executable).with_name("ray"))


class Node:
    """One `ray start --block`, in a process of its own that ends with the test."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._log = folder / f"node-{len(list(folder.glob('node-*')))}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([RAY, "start", "--block", *arguments], stdout=log, stderr=log)
        until(self._started, 120)

    def _started(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()
        return "Ray runtime started" in self._log.read_text()

    @property
    def address(self) -> str:
        """Where others join; Ray says it in its log, with the name it gave to this machine."""
        # The lines behind "Ray runtime started" may come a moment later.
        until(lambda: bool(self._told_address()), 30)
        return self._told_address()

    def _told_address(self) -> str:
        found = re.search(r"--address='([^']+)'", self._log.read_text())
        return found.group(1) if found else ""

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)


@contextmanager
def head(folder: Path, *arguments: str) -> Iterator[Node]:
    """A head that asks everybody for a token; all processes of the test have it from the environment."""
    dashboard = free_port()
    given = {
        "RAY_API_SERVER_ADDRESS": f"http://127.0.0.1:{dashboard}",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    ports = [f"--port={free_port()}", f"--dashboard-port={dashboard}", "--dashboard-host=127.0.0.1"]
    with pytest.MonkeyPatch.context() as environment:
        for name, value in given.items():
            environment.setenv(name, value)
        node = Node(folder, "--head", *ports, *arguments)
        try:
            yield node
        finally:
            node.stop()
