"""A port of this machine for a server that is started a moment later."""

import random
import socket

from raysft.errors import ClusterError

FIRST, LAST = 20_000, 32_767
"""Above the ports that Ray gives its workers (10002 to 19999) and below those that the system hands out by
itself (from 32768 on Linux, from 49152 elsewhere): nobody is given one of them before our server has started.
"""

TRIES = 200


def free_port() -> int:
    """A port on the loopback address that nobody listens on.

    Raises:
        ClusterError: `TRIES` ports drawn at random are all taken.
    """
    # Its own generator: a program that seeds `random` would have every run ask for the same ports.
    drawn = random.SystemRandom()
    for _ in range(TRIES):
        port = drawn.randint(FIRST, LAST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ClusterError(f"no free port of {TRIES} tried between {FIRST} and {LAST} on 127.0.0.1")
