"""Is a cluster file one that a sweep can run on? Ray's own check, and the rules that Ray does not know.

Not covered: whether the cloud has the instance types, and whether `resources` says what an instance has; Ray
takes both on trust, and so must we.
"""

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from raysft.errors import Problem
from raysft.spec.model import ModelSpec

DRIVER: Final = "driver"
"""Resource that a trial holds, and nothing else."""
EVAL: Final = "eval"
"""Resource that marks nodes kept for evaluation."""
BOOT_MINUTES: Final = 10.0
"""A GPU node boots, pulls the image and installs in about this time."""
RAY_IDLE_MINUTES: Final = 5.0
"""What Ray takes where the file does not say."""

_MISSING: Final = {
    "provider": "say which cloud and region",
    "available_node_types": "name a head and at least one group of workers",
    "head_node_type": "say which of the types is the head",
    "max_workers": "say how many nodes there may be beside the head; Ray would take 2",
}

NodeTypes = dict[str, dict[str, Any]]


def check_cluster_file(path: Path, models: Mapping[str, ModelSpec] | None = None) -> list[Problem]:
    """Check a cluster file on disk; see `check_cluster`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return [Problem("cluster file", str(path), f"cannot be read: {error}")]
    return check_cluster(text, models)


def check_cluster(text: str, models: Mapping[str, ModelSpec] | None = None) -> list[Problem]:
    """Everything that is wrong with a cluster file.

    Args:
        text: the file, in the YAML of `ray up`.
        models: models of a sweep by name; with them, groups must be large enough to train each.

    Returns:
        Problems with field, value and remedy; empty if a sweep can run there. Our own rules are only asked
        once Ray finds the file well formed.
    """
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        return [Problem("cluster file", "not YAML", " ".join(str(error).split()))]
    if not isinstance(config, dict):
        return [Problem("cluster file", "not a mapping", "must be what `ray up` reads")]
    missing = [Problem(key, "not given", _MISSING[key]) for key in _MISSING if not config.get(key)]
    if missing:
        return missing
    if problems := ray_problems(config):
        return problems
    types: NodeTypes = config["available_node_types"]
    return [
        *_head_problems(config["head_node_type"], types),
        *_driver_problems(types),
        *_count_problems(types),
        *_idle_problems(config, types),
        *_fit_problems(config, models or {}),
    ]


def is_spot(node: Mapping[str, Any]) -> bool:
    """Whether nodes of this type can be taken away at any time, as AWS, GCP or a label says it."""
    settings = _mapping(node.get("node_config"))
    scheduling = settings.get("scheduling")
    rules = [_mapping(rule) for rule in (scheduling if isinstance(scheduling, list) else [scheduling])]
    return (
        _mapping(settings.get("InstanceMarketOptions")).get("MarketType") == "spot"
        or any(rule.get("provisioningModel") == "SPOT" or bool(rule.get("preemptible")) for rule in rules)
        or _mapping(node.get("labels")).get("ray.io/market-type") == "spot"
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _offers(node: Mapping[str, Any], resource: str) -> int:
    return int((node.get("resources") or {}).get(resource, 0))


def _head_problems(name: str, types: NodeTypes) -> Iterator[Problem]:
    field = f"available_node_types.{name}"
    resources = types[name].get("resources") or {}
    for resource in ("CPU", "GPU"):
        # Ray fills in what the machine has where the file is silent; of CPUs every machine has some.
        given = resources.get(resource, "not given" if resource == "CPU" else 0)
        if given != 0:
            remedy = f"write {resource}: 0, so that no work slows down the driver"
            yield Problem(f"{field}.resources.{resource}", str(given), remedy)
    if is_spot(types[name]):
        yield Problem(field, "spot", "the head must be on demand: when it goes, every run stops")


def _driver_problems(types: NodeTypes) -> Iterator[Problem]:
    if not any(_offers(node, DRIVER) and not is_spot(node) for node in types.values()):
        remedy = f"offer {DRIVER} (such as {DRIVER}: 100) on the head or another on-demand type"
        yield Problem("available_node_types", f"no on-demand type offers {DRIVER}", remedy)
    for name, node in types.items():
        if (amount := _offers(node, DRIVER)) and is_spot(node):
            field = f"available_node_types.{name}.resources.{DRIVER}"
            yield Problem(field, str(amount), "not on spot nodes: a trial there dies with the node")


def _count_problems(types: NodeTypes) -> Iterator[Problem]:
    for name, node in types.items():
        least, most = node.get("min_workers", 0), node.get("max_workers")
        if most is not None and least > most:
            yield Problem(f"available_node_types.{name}.min_workers", str(least), f"max_workers is {most}")


def _idle_problems(config: Mapping[str, Any], types: NodeTypes) -> Iterator[Problem]:
    given = {"idle_timeout_minutes": float(config.get("idle_timeout_minutes", RAY_IDLE_MINUTES))}
    for name, node in types.items():
        if (seconds := node.get("idle_timeout_s")) is not None:
            given[f"available_node_types.{name}.idle_timeout_s"] = seconds / 60
    for field, minutes in given.items():
        if minutes < BOOT_MINUTES:
            remedy = f"at least {BOOT_MINUTES:g}, the time to boot: else nodes go before a trial has all"
            yield Problem(field, f"{minutes:g} minutes", remedy)


def _fit_problems(config: Mapping[str, Any], models: Mapping[str, ModelSpec]) -> Iterator[Problem]:
    for name, model in models.items():
        gpus = model.gpus_per_worker
        if gpus == 0:
            continue
        places = _places(config, gpus)
        room = sum(places[: config["max_workers"]])
        if not places:
            remedy = f"no group outside {EVAL} has so many GPUs in one node"
            yield Problem(f"models.{name}.gpus_per_worker", str(gpus), remedy)
        elif room < model.workers:
            remedy = f"the cluster has room for {room} workers of {gpus} GPUs; raise max_workers"
            yield Problem(f"models.{name}.workers", str(model.workers), remedy)


def _places(config: Mapping[str, Any], gpus: int) -> list[int]:
    """Training workers that fit in each node the cluster may have, largest first."""
    places: list[int] = []
    for name, node in config["available_node_types"].items():
        fit = _offers(node, "GPU") // gpus
        if fit and name != config["head_node_type"] and not _offers(node, EVAL):
            places.extend([fit] * node.get("max_workers", config["max_workers"]))
    return sorted(places, reverse=True)


def ray_problems(config: dict[str, Any]) -> list[Problem]:
    """Hold a cluster file against Ray's schema; at most one problem, since Ray stops at the first.

    Ray has no dry run of `ray up`; this is the check that `ray up` begins with, without credentials and
    without a network. The two functions are private to Ray, which is why they are called here and nowhere
    else.

    Found are: unknown keys, missing parts, amounts that are not whole numbers, a head type that is not
    defined, more nodes at the least than at the most over all groups. Not found are: instance types that do
    not exist, `node_config` as a whole, and what our own rules look at.

    Args:
        config: the file as read from YAML; left as it is.
    """
    # Importing Ray takes most of a second, and only this check needs it.
    import jsonschema
    from ray.autoscaler._private.util import prepare_config, validate_config

    try:
        validate_config(prepare_config(copy.deepcopy(config)))
    except jsonschema.ValidationError as error:
        field = ".".join(str(part) for part in error.absolute_path) or "cluster file"
        return [Problem(field, _shortened(error.instance), error.message)]
    except (ValueError, RuntimeError, KeyError, AssertionError) as error:
        return [Problem("cluster file", type(error).__name__, f"Ray refuses it: {error}")]
    return []


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
