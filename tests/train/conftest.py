"""One thread for every test of training: tiny tensors only wait for each other on more."""

import pytest

from raysft.train.group import cpu_threads


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    with cpu_threads(1):
        yield
