"""Fixtures shared by all tests: one Ray cluster for the whole session."""

from collections.abc import Iterator

import pytest
import ray
from hypothesis import settings

from raysft.sweep.run.session import Session, ray_session

# How long one example takes says something about the machine, not about the code.
settings.register_profile("raysft", deadline=None)
settings.load_profile("raysft")


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is read from the cache of whoever runs the tests, and nothing is left there."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[Session]:
    """A local Ray cluster of our own, as `raysft run` starts one."""
    with ray_session(None) as session:
        yield session
    assert not ray.is_initialized()
