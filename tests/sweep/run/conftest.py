"""What the workers of a sweep are told, in a store of its own."""

from pathlib import Path

import pytest
from support.example_context import context_of

from raysft.sweep.run.context import SweepContext


@pytest.fixture
def context(tmp_path: Path) -> SweepContext:
    return context_of(tmp_path)
