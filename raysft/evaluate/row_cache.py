"""Keys and values of a batch whose rows leave one by one, written in place.

transformers' own `DynamicCache` joins old and new keys by copying all of them at every step. Here a step
writes one column, and a row that leaves costs the copy of one row.

Attention is given whole buffers, not views of what is in use: on a CPU, attention over a view with gaps takes
up to twice as long. So buffers have little slack, and the caller masks the columns not yet written.

Covers layers with full causal attention only; no sliding windows, no linear attention.

Shapes: B rows, H key/value heads, W columns of the buffer, Q new columns, D width of a head.
"""

from collections.abc import Sequence

import torch
from transformers.cache_utils import Cache, CacheLayerMixin

BLOCK = 16
"""Buffers grow by so many columns: 8 idle ones on average, and a copy of everything at one step in 16."""


class RowLayer(CacheLayerMixin):
    """Keys and values of one layer; the first call to `update` brings all rows, later ones one column."""

    is_sliding = False

    def __init__(self) -> None:
        super().__init__()
        self.length = 0

    def lazy_initialization(self, key_states: torch.Tensor, value_states: torch.Tensor) -> None:
        """Make buffers from the first keys and values (B, H, Q, D)."""
        self.keys, self.values = _grown(key_states), _grown(value_states)
        self.length = key_states.shape[-2]
        self.is_initialized = True

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *_: object, **__: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write new columns (B, H, Q, D).

        Gives the same columns back the first time, and the whole buffers (B, H, W, D) after that.
        """
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            return key_states, value_states
        if self.length == self.keys.shape[-2]:
            self.keys, self.values = _grown(self.keys), _grown(self.values)
        self.keys[:, :, self.length] = key_states[:, :, 0]
        self.values[:, :, self.length] = value_states[:, :, 0]
        self.length += 1
        return self.keys, self.values

    def move(self, sources: torch.Tensor, holes: torch.Tensor) -> None:
        """Copy the rows `sources` onto the rows `holes`."""
        for buffer in (self.keys, self.values):
            buffer[holes] = buffer[sources]

    def shorten(self, rows: int) -> None:
        """Forget every row from `rows` on."""
        self.keys, self.values = self.keys[:rows], self.values[:rows]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Columns that the next queries see, and the offset of the first."""
        return self.length + query_length, 0

    def get_seq_length(self) -> int:
        """Columns in use."""
        return self.length

    def get_max_length(self) -> int:
        """No largest length."""
        return -1


class RowCache(Cache):
    """A cache for one batch, one `RowLayer` for each layer of the model."""

    def __init__(self, layers: int) -> None:
        super().__init__(layers=[RowLayer() for _ in range(layers)])

    @property
    def columns(self) -> int:
        """Columns that attention will see at the next step, those not yet written included."""
        used: int = self.layers[0].length
        width: int = self.layers[0].keys.shape[-2]
        return width if used < width else width + BLOCK

    def keep(self, rows: int, sources: Sequence[int], holes: Sequence[int]) -> None:
        """Keep `rows` rows: the rows `sources` move into the `holes` among the first `rows`."""
        device = self.layers[0].keys.device
        source_rows, hole_rows = torch.tensor(sources, device=device), torch.tensor(holes, device=device)
        for layer in self.layers:
            if sources:
                layer.move(source_rows, hole_rows)
            layer.shorten(rows)


def _grown(used: torch.Tensor) -> torch.Tensor:
    rows, heads, length, width = used.shape
    columns = (length // BLOCK + 1) * BLOCK
    grown = used.new_zeros((rows, heads, columns, width))
    grown[:, :, :length] = used
    return grown
