"""Creating an object exclusively, on which the correctness of the store rests."""

import threading

from raysft.errors import StoreError
from raysft.store.layout import WORK, new_attempt
from raysft.store.transport import Transport

TRIES = 5
"""Losing to an object that is damaged, and then again, so often is no accident."""
_RIVALS = 4


def create_once(transport: Transport, path: str, data: bytes) -> bool:
    """Whether this call made the object. `data` must be unlike that of any other call.

    A request that was sent again after a lost answer is told that the object exists, by its own doing (S3 and
    NFS alike): so what exists is compared.
    """
    try:
        transport.create(path, data)
    except FileExistsError:
        try:
            return transport.read(path) == data
        except FileNotFoundError:
            return False
    return True


def refuse_unless_exclusive(transport: Transport) -> None:
    """Raise StoreError unless just one of several creations of an object succeeds, at once or in turn."""
    path = f"{WORK}/trial-{new_attempt()}"
    trial = _Trial(transport, path)
    try:
        trial.run()
        if trial.failures:
            raise StoreError(f"{transport.url} cannot be a store: {trial.failures[0]}") from trial.failures[0]
        # One more, after the four: where the condition is not heeded, all five are told that they made it.
        late = create_once(transport, path, b"late")
        if late or len(trial.winners) != 1 or transport.read(path) != trial.winners[0]:
            raise StoreError(
                f"{transport.url} cannot be a store: it cannot create an object exclusively "
                "(hard links in a folder, If-None-Match on S3), so two runs could both believe "
                "that they finished a stage"
            )
    finally:
        if not trial.failures:
            transport.remove(path)


class _Trial:
    """Several threads create one object at once."""

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport, self._path = transport, path
        self._start = threading.Barrier(_RIVALS)
        self.winners: list[bytes] = []
        self.failures: list[Exception] = []

    def run(self) -> None:
        rivals = [threading.Thread(target=self._rival, args=(str(name).encode(),)) for name in range(_RIVALS)]
        for rival in rivals:
            rival.start()
        for rival in rivals:
            rival.join()

    def _rival(self, name: bytes) -> None:
        self._start.wait()
        try:
            if create_once(self._transport, self._path, name):
                self.winners.append(name)
        except (StoreError, OSError) as error:
            self.failures.append(error)
