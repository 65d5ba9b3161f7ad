import socket

import pytest

from raysft.cluster import ports
from raysft.errors import ClusterError


def test_a_port_is_free_and_none_that_the_system_hands_out_by_itself() -> None:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        assert asked.getsockname()[1] > ports.LAST
    with socket.socket() as server:
        server.bind(("127.0.0.1", ports.free_port()))
        assert ports.FIRST <= server.getsockname()[1] <= ports.LAST


def test_ports_that_are_taken_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.free_port()))
        port = taken.getsockname()[1]
        monkeypatch.setattr(ports, "FIRST", port)
        monkeypatch.setattr(ports, "LAST", port)
        with pytest.raises(ClusterError, match="no free port"):
            ports.free_port()
