"""Examples in docstrings are run, so that they stay true."""

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("module", ["raysft.composition.strategy", "raysft.store.store"])
def test_the_examples_of_a_module_are_true(module: str) -> None:
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0
