"""The cluster file of the repository passes; every rule refuses a copy that breaks it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.places import ROOT

from raysft.cluster.cluster_file import check_cluster, check_cluster_file, is_spot
from raysft.spec import ModelSpec

SHIPPED = ROOT / "cluster.yaml"
Config = dict[str, Any]


def shipped() -> Config:
    config = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    assert isinstance(config, dict)
    return config


def head(config: Config) -> Config:
    node = config["available_node_types"]["head"]
    assert isinstance(node, dict)
    return node


def train(config: Config) -> Config:
    node = config["available_node_types"]["train"]
    assert isinstance(node, dict)
    return node


def model(workers: int, gpus: int) -> dict[str, ModelSpec]:
    return {"big": ModelSpec(base="owner/name", workers=workers, gpus_per_worker=gpus)}


def test_the_shipped_file_passes_and_trains_what_it_says() -> None:
    assert check_cluster_file(SHIPPED, model(workers=32, gpus=1)) == []
    assert check_cluster_file(SHIPPED, model(workers=4, gpus=8)) == []


def test_the_shipped_head_is_on_demand_and_every_worker_group_starts_from_nothing() -> None:
    groups = shipped()["available_node_types"]
    assert [name for name, node in groups.items() if is_spot(node)] == ["train", "evaluate"]
    assert {node.get("min_workers", 0) for node in groups.values()} == {0}
    assert [name for name, node in groups.items() if "eval" in node["resources"]] == ["evaluate"]


def no_driver(config: Config) -> None:
    del head(config)["resources"]["driver"]


def driver_on_spot_only(config: Config) -> None:
    train(config)["resources"]["driver"] = head(config)["resources"].pop("driver")


def head_runs_work(config: Config) -> None:
    head(config)["resources"]["CPU"] = 8


def head_is_silent_about_cpus(config: Config) -> None:
    del head(config)["resources"]["CPU"]


def head_offers_gpus(config: Config) -> None:
    head(config)["resources"]["GPU"] = 1


def head_on_spot(config: Config) -> None:
    head(config)["node_config"]["InstanceMarketOptions"] = {"MarketType": "spot"}
    config["available_node_types"]["evaluate"]["resources"]["driver"] = 1
    del config["available_node_types"]["evaluate"]["labels"]
    del config["available_node_types"]["evaluate"]["node_config"]["InstanceMarketOptions"]
    del head(config)["resources"]["driver"]


def least_above_most(config: Config) -> None:
    train(config).update(min_workers=3, max_workers=2)


def short_idle(config: Config) -> None:
    config["idle_timeout_minutes"] = 5


def idle_not_given(config: Config) -> None:
    del config["idle_timeout_minutes"]


def short_idle_of_one_group(config: Config) -> None:
    train(config)["idle_timeout_s"] = 60


def unknown_key(config: Config) -> None:
    config["max_worker"] = 3


def part_of_a_gpu(config: Config) -> None:
    train(config)["resources"]["GPU"] = 0.5


def head_not_defined(config: Config) -> None:
    config["head_node_type"] = "boss"


def least_of_all_above_most_of_all(config: Config) -> None:
    train(config)["min_workers"] = 4
    config["max_workers"] = 3


def no_resources(config: Config) -> None:
    del train(config)["resources"]


def unknown_cloud(config: Config) -> None:
    config["provider"]["type"] = "nowhere"


def most_not_given(config: Config) -> None:
    del config["max_workers"]


TYPES = "available_node_types"


@pytest.mark.parametrize(
    ("breaks", "fields"),
    [
        (no_driver, [TYPES]),
        (driver_on_spot_only, [TYPES, f"{TYPES}.train.resources.driver"]),
        (head_runs_work, [f"{TYPES}.head.resources.CPU"]),
        (head_is_silent_about_cpus, [f"{TYPES}.head.resources.CPU"]),
        (head_offers_gpus, [f"{TYPES}.head.resources.GPU"]),
        (head_on_spot, [f"{TYPES}.head"]),
        (least_above_most, [f"{TYPES}.train.min_workers"]),
        (short_idle, ["idle_timeout_minutes"]),
        (idle_not_given, ["idle_timeout_minutes"]),
        (short_idle_of_one_group, [f"{TYPES}.train.idle_timeout_s"]),
        (most_not_given, ["max_workers"]),
        # Ray's own rules: they are seen too, with a field where Ray gives one.
        (unknown_key, ["cluster file"]),
        (part_of_a_gpu, [f"{TYPES}.train.resources.GPU"]),
        (no_resources, [f"{TYPES}.train"]),
        (head_not_defined, ["cluster file"]),
        (least_of_all_above_most_of_all, ["cluster file"]),
        (unknown_cloud, ["cluster file"]),
    ],
)
def test_a_copy_that_breaks_a_rule_is_refused(breaks: Callable[[Config], None], fields: list[str]) -> None:
    config = shipped()
    breaks(config)
    found = check_cluster(yaml.safe_dump(config))
    assert [problem.field for problem in found] == fields
    assert all(problem.value and problem.remedy for problem in found)


@pytest.mark.parametrize(
    ("workers", "gpus", "field"),
    [
        (33, 1, "models.big.workers"),
        (5, 8, "models.big.workers"),
        (9, 3, "models.big.workers"),
        (1, 9, "models.big.gpus_per_worker"),
    ],
)
def test_a_model_that_finds_no_room_is_refused(workers: int, gpus: int, field: str) -> None:
    assert [problem.field for problem in check_cluster_file(SHIPPED, model(workers, gpus))] == [field]


def test_nodes_for_evaluation_and_the_limit_over_all_groups_count() -> None:
    config = shipped()
    config["max_workers"] = 2
    text = yaml.safe_dump(config)
    assert check_cluster(text, model(workers=16, gpus=1)) == []
    (problem,) = check_cluster(text, model(workers=17, gpus=1))
    assert "room for 16 workers" in problem.remedy
    del config["available_node_types"]["train"]
    (problem,) = check_cluster(yaml.safe_dump(config), model(workers=1, gpus=1))
    assert problem.field == "models.big.gpus_per_worker", "evaluation nodes do not train"


def test_a_model_on_cpus_asks_for_no_gpus() -> None:
    assert check_cluster_file(SHIPPED, {"tiny": ModelSpec(base="world/base", workers=2)}) == []


@pytest.mark.parametrize(
    ("node", "spot"),
    [
        ({"node_config": {"InstanceMarketOptions": {"MarketType": "spot"}}}, True),
        ({"node_config": {"scheduling": [{"provisioningModel": "SPOT"}]}}, True),
        ({"node_config": {"scheduling": {"preemptible": True}}}, True),
        ({"labels": {"ray.io/market-type": "spot"}}, True),
        ({"labels": {"ray.io/market-type": "on-demand"}, "node_config": {"scheduling": "spot"}}, False),
        ({"node_config": {"InstanceType": "m5.large"}}, False),
        ({}, False),
    ],
    ids=str,
)
def test_spot_is_seen_however_a_cloud_spells_it(node: Config, spot: bool) -> None:
    assert is_spot(node) is spot


@pytest.mark.parametrize("text", ["a: [", "", "- a", "a: 1", "provider: 3\nmax_workers: 1"])
def test_what_is_no_cluster_file_is_refused(text: str) -> None:
    assert check_cluster(text)


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (problem,) = check_cluster_file(tmp_path / "gone.yaml")
    assert "cannot be read" in problem.remedy
