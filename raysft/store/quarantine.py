"""Putting damaged things out of the way: moved under `damaged/`, never deleted, with a warning in the log."""

import logging

from raysft.store import layout
from raysft.store.transport import Transport

_log = logging.getLogger(__name__)


def set_aside(transport: Transport, naming: str, seen: bytes, reason: str, *more: str) -> bool:
    """Move something damaged away, the object that makes it exist first; False if others were faster.

    A store that was opened for reading only gets the warning, and nothing is moved.

    Args:
        transport: the store.
        naming: the record, manifest or document.
        seen: its bytes when the damage was found. Other bytes are something newer, which is left alone.
            In the instant between that look and the move something new and sound may be moved as well: then
            it is made again, which costs time and nothing else.
        reason: what is wrong, in words.
        more: what belongs to it.
    """
    if transport.read_only:
        _log.warning(
            "%s in the store %s is damaged (%s): the next run that needs it makes it again",
            naming,
            transport.url,
            reason,
        )
        return False
    try:
        if transport.read(naming) != seen:
            return False
    except FileNotFoundError:
        return False
    place = layout.set_aside(naming.rpartition("/")[0])
    for path in (naming, *more):
        transport.move(path, f"{place}/{path.rpartition('/')[2]}")
    _log.warning(
        "%s in the store %s is damaged (%s): it was set aside in %s and will be made again",
        naming,
        transport.url,
        reason,
        place,
    )
    return True
