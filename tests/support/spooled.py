"""Conversations in a spool, as `load_source` leaves them."""

import numpy as np

from raysft.data.spool import Located, Selection, spool


def selected(pairs):
    """The conversations of (id, conversation) pairs, which lie in the spool in the order given."""
    pairs = list(pairs)
    read = spool(Located(one, f"rows:{row}", 0) for row, (_, one) in enumerate(pairs, start=1))
    ordered = sorted((name, row) for row, (name, _) in enumerate(pairs))
    rows = np.array([row for _, row in ordered], np.int64)
    return Selection(read.file, tuple(name for name, _ in ordered), read.spans(rows))
