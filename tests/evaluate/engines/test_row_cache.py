import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from raysft.evaluate.engines.row_cache import BLOCK, RowCache


class Filled:
    """Keys and values as a cache of prompts leaves them."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.keys, self.values = keys, values


class Part:
    def __init__(self, *layers: Filled) -> None:
        self.layers = layers


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_rows_and_columns_are_those_that_were_written(data: st.DataObject) -> None:
    """Against the plainest cache there is: a list of columns for each row."""
    rows = data.draw(st.integers(1, 6))
    length = data.draw(st.integers(1, BLOCK + 3))
    source = torch.Generator().manual_seed(data.draw(st.integers(0, 1000)))
    cache = RowCache(1, rows, length)
    expected: list[list[torch.Tensor]] = []
    start = 0
    while start < rows:
        count, columns = data.draw(st.integers(1, rows - start)), data.draw(st.integers(1, length))
        states = torch.randn((count, 2, columns, 3), generator=source)
        cache.fill(start, Part(Filled(states, -states)))
        for row in states:
            padding = [torch.zeros(2, 3)] * (length - columns)
            expected.append(padding + list(row.unbind(1)))
        start += count
    for _ in range(data.draw(st.integers(1, 2 * BLOCK))):
        width = cache.make_room()
        new = torch.randn((len(expected), 2, 1, 3), generator=source)
        keys, values = cache.update(new, -new, 0)
        for row, column in zip(expected, new[:, :, 0], strict=True):
            row.append(column)
        used = len(expected[0])
        assert keys.shape[2] == values.shape[2] == width <= used + BLOCK
        assert keys.is_contiguous()
        assert torch.equal(keys[:, :, :used], torch.stack([torch.stack(row, 1) for row in expected]))
        assert torch.equal(values, -keys)
        assert not keys[:, :, used:].any()
        kept = data.draw(st.integers(1, len(expected)))
        gone = set(data.draw(st.permutations(range(len(expected))))[kept:])
        holes = sorted(row for row in gone if row < kept)
        sources = [row for row in range(kept, len(expected)) if row not in gone]
        cache.keep(kept, sources, holes)
        for hole, row in zip(holes, sources, strict=True):
            expected[hole] = expected[row]
        del expected[kept:]
