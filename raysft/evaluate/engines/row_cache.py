"""Keys and values of a batch whose rows leave one by one, written in place.

transformers' own `DynamicCache` joins old and new keys by copying all of them at every step. Here a step
writes one column, and a row that leaves costs the copy of one row.

Attention is given whole buffers, not views of what is in use: on a CPU, attention over a view with gaps takes
up to twice as long. So buffers have little slack, and the caller masks the columns not yet written.

Covers layers with full causal attention only; no sliding windows, no linear attention.

Shapes: B rows, H key/value heads, W columns of the buffer, D width of a head.
"""

from collections.abc import Sequence

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

BLOCK = 16
"""Buffers grow by so many columns: 8 idle ones on average, and a copy of everything at one step in 16."""


class RowLayer(CacheLayerMixin):
    """Keys and values of one layer, filled with prompts first, then with one column at a time."""

    is_sliding = False

    def __init__(self, rows: int, length: int) -> None:
        super().__init__()
        self.rows, self.length = rows, length

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Make buffers for keys and values like the given ones."""
        self.keys, self.values = self._buffer(key_states), self._buffer(value_states)
        self.is_initialized = True

    def fill(self, start: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Write the keys and values of prompts, to end at the last column in use, from row `start` on."""
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        rows, columns = slice(start, start + keys.shape[0]), slice(self.length - keys.shape[2], self.length)
        self.keys[rows, :, columns] = keys
        self.values[rows, :, columns] = values

    def grow(self) -> None:
        """Make room for `BLOCK` more columns."""
        self.keys, self.values = _grown(self.keys), _grown(self.values)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write the next column (B, H, 1, D); gives the whole buffers (B, H, W, D)."""
        self.keys[:, :, self.length] = key_states[:, :, 0]
        self.values[:, :, self.length] = value_states[:, :, 0]
        self.length += 1
        return self.keys, self.values

    def keep(self, rows: int, sources: torch.Tensor, holes: torch.Tensor) -> None:
        """Copy the rows `sources` onto the rows `holes`, then forget every row from `rows` on."""
        if sources.numel():
            for buffer in (self.keys, self.values):
                buffer[holes] = buffer[sources]
        self.keys, self.values, self.rows = self.keys[:rows], self.values[:rows], rows

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns that the next queries see, and the offset of the first."""
        return self.length + query_length, 0

    def get_seq_length(self) -> int:
        """Columns in use."""
        return self.length

    def get_max_length(self) -> int:
        """No largest length."""
        return -1

    def _buffer(self, like: torch.Tensor) -> torch.Tensor:
        # Zeros: a masked column has weight 0, and 0 times what memory happens to hold may be NaN.
        columns = (self.length // BLOCK + 1) * BLOCK
        return like.new_zeros((self.rows, like.shape[1], columns, like.shape[3]))


class RowCache(Cache):
    """The cache of one batch, one `RowLayer` for each layer of the model."""

    def __init__(self, layers: int, rows: int, length: int) -> None:
        """Make an empty cache.

        Args:
            layers: of the model.
            rows: prompts in the batch.
            length: columns of the longest prompt; shorter ones are at the right.
        """
        super().__init__(layers=[RowLayer(rows, length) for _ in range(layers)])

    def fill(self, start: int, part: Cache) -> None:
        """Take over what some of the prompts left in a cache of their own, from row `start` on."""
        for layer, filled in zip(self.layers, part.layers, strict=True):
            layer.fill(start, filled.keys, filled.values)

    def make_room(self) -> int:
        """Make room for one more column; gives the columns that attention will see, written or not."""
        for layer in self.layers:
            if layer.length == layer.keys.shape[2]:
                layer.grow()
        width: int = self.layers[0].keys.shape[2]
        return width

    def keep(self, rows: int, sources: Sequence[int], holes: Sequence[int]) -> None:
        """Keep `rows` rows: the rows `sources` move into the `holes` among the first `rows`."""
        device = self.layers[0].keys.device
        source_rows = torch.tensor(sources, dtype=torch.long, device=device)
        hole_rows = torch.tensor(holes, dtype=torch.long, device=device)
        for layer in self.layers:
            layer.keep(rows, source_rows, hole_rows)


def _grown(buffer: torch.Tensor) -> torch.Tensor:
    rows, heads, length, width = buffer.shape
    grown = buffer.new_empty((rows, heads, length + BLOCK, width))
    grown[:, :, :length] = buffer
    grown[:, :, length:] = 0.0
    return grown
