"""raysft: how much of each fine-tuning set, in what ratio, in what order, for which model size.

Everything that is public in Python; each name is imported when it is first used, since some bring pandas and
transformers along.

Example:
    >>> import raysft
    >>> sweep = raysft.load_sweep("sweeps/quickstart.yaml")
    >>> raysft.plan_sweep(sweep).points.groupby("study").stages.sum()  # starts nothing
    study
    amount       9
    strategy    20
    Name: stages, dtype: int64

    `raysft.run_sweep(sweep, "runs/store")` runs it and returns its tables; `raysft.read_results(sweep,
    "runs/store")` reads them again.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from raysft.api import Results, SweepPlan, plan_sweep, read_results, run_sweep
    from raysft.errors import (
        ClusterError,
        DamagedArtifact,
        InputError,
        NoStore,
        OutOfMemory,
        Problem,
        RaysftError,
        StageFailed,
        StoreError,
        Unscored,
    )
    from raysft.plan.tree import Plan
    from raysft.spec import SweepSpec, load_sweep
    from raysft.store import Store

__all__ = [
    "ClusterError",
    "DamagedArtifact",
    "InputError",
    "NoStore",
    "OutOfMemory",
    "Plan",
    "Problem",
    "RaysftError",
    "Results",
    "StageFailed",
    "Store",
    "StoreError",
    "SweepPlan",
    "SweepSpec",
    "Unscored",
    "load_sweep",
    "plan_sweep",
    "read_results",
    "run_sweep",
]

_HOMES: Final = {
    "raysft.api": ("Results", "SweepPlan", "plan_sweep", "read_results", "run_sweep"),
    "raysft.plan.tree": ("Plan",),
    "raysft.spec": ("SweepSpec", "load_sweep"),
    "raysft.store": ("Store",),
}
"""Where a name is defined; all others are errors."""


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever has that name
    """A public name, imported now."""
    if name not in __all__:
        raise AttributeError(f"raysft has no {name!r}; it has {', '.join(__all__)}")
    home = next((module for module, names in _HOMES.items() if name in names), "raysft.errors")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
