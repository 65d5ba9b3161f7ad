"""Which benchmarks a base or stage is scored on, by what its studies say."""

from support.example_plan import SMALL, index
from support.example_sweep import spec_of

from raysft.plan.build import build_plan
from raysft.plan.tree import BaseIdentity, Plan
from raysft.spec.sweep import SweepSpec
from raysft.sweep.inputs.score_requests import Asked, asked_scores

ABILITIES = {
    "code": {"source": "world/code", "benchmark": "world/code", "report": ["world/math"]},
    "math": {"source": "world/math", "benchmark": "world/math"},
    "general": {"source": "world/general"},
}


def asked(studies: str, **evaluation: str) -> tuple[Plan, dict[str, Asked]]:
    spec: SweepSpec = spec_of(studies, abilities=ABILITIES, evaluation=evaluation)
    sources = {name: index(name, rows) for name, rows in SMALL.items()}
    plan = build_plan(spec, sources, {"tiny": BaseIdentity("w", "t", "c")})
    return plan, asked_scores(spec, plan, spec.benchmarks)


def test_points_are_scored_on_the_benchmarks_to_select_by() -> None:
    plan, found = asked("s: {model: tiny, strategy: sequential}")
    assert len(found) == 1 + len(plan.stages) == 4
    assert {one.benchmarks for one in found.values()} == {("code", "math")}
    assert sum(len(one.benchmarks) for one in found.values()) == 8


def test_a_study_may_ask_for_those_to_report_by() -> None:
    _, found = asked("s: {model: tiny, strategy: multi_task, benchmarks: report}")
    assert {one.benchmarks for one in found.values()} == {("code/world/math",)}
    _, found = asked("s: {model: tiny, strategy: multi_task, benchmarks: all}")
    assert {one.benchmarks for one in found.values()} == {("code", "code/world/math", "math")}


def test_a_stage_of_two_studies_is_scored_on_what_either_names() -> None:
    plan, found = asked(
        "{a: {model: tiny, strategy: [multi_task, {single: math}]},"
        " b: {model: tiny, strategy: multi_task, benchmarks: report}}"
    )
    by_mixture = {
        tuple(one.ability for one in stage.portions): found[address].benchmarks
        for address, stage in plan.stages.items()
    }
    assert by_mixture == {
        ("code", "math", "general"): ("code", "code/world/math", "math"),
        ("math",): ("code", "math"),
    }
    assert found[plan.bases["tiny"].fingerprint].benchmarks == ("code", "code/world/math", "math")


def test_only_the_last_stages_where_only_leaves_are_scored() -> None:
    plan, found = asked("s: {model: tiny, strategy: sequential}", stages="leaves")
    (point,) = (point for point in plan.points if point.stages)
    assert found.keys() == {plan.bases["tiny"].fingerprint, point.stages[-1]}
