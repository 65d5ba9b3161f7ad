"""Examples in docstrings are run, so that they stay true."""

import doctest
from importlib import import_module

import pytest

MODULES = (
    "raysft.composition.strategy",
    "raysft.evaluate.benchmark",
    "raysft.plan.build",
    "raysft.spec.sweep",
    "raysft.store.store",
)


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_are_true(module: str) -> None:
    found = doctest.testmod(import_module(module))
    assert found.attempted > 0
    assert found.failed == 0
