"""How long it takes to plan 100,000 points, to add them up, and to write them out, and how much memory.

    python benchmarks/plan.py

Two models, 20 strategies, 5 amounts, 5 ratios, 100 seeds over the paper's three sources, whose sizes are
expected and whose conversations are not there. Then a source of 60,000 conversations that is here, planned
twice without a store: the second time its tokens are known. Goals: at most 10 s and 0.6 GB up to the last of
the points, and 0.3 s to import what reads a sweep file.
Seen on two cores that others used as well: 3.4 s to plan, 2.0 s to add up, 2.7 s for the JSON, 1.4 s for
the points, 0.45 GB; import 0.103 s; 37.7 s to count and 4.3 s to plan again.
"""

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from rich.console import Console

ROWS = {"code": 20_022, "math": 110_142, "general": 86_060}
IMPORT = """
import time
began = time.perf_counter()
import raysft.spec, raysft.composition
print(time.perf_counter() - began)
"""


def sweep(seeds: int) -> dict[str, Any]:
    """A sweep of 1,000 points a seed."""
    replays = [{"dmt": {"k": f"1/{part}"}} for part in range(2, 20)]
    study = {
        "model": ["one", "two"],
        "strategy": ["multi_task", "sequential", *replays],
        "amount": [1, "1/2", "1/4", "1/8", "1/16"],
        "ratio": [{}, {"general": "1/2"}, {"general": "1/4"}, {"math": "1/2"}, {"code": "1/2"}],
        "seed": list(range(seeds)),
    }
    return {
        "name": "large",
        "abilities": {name: {"source": {"path": name, "rows": rows}} for name, rows in ROWS.items()},
        "models": {
            "one": {"base": "huggyllama/llama-7b"},
            "two": {"base": "huggyllama/llama-7b", "recipe": {"epochs": 2}},
        },
        "studies": {"all": study},
    }


def main() -> None:
    """Measure once, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    imports = [
        float(subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, check=True).stdout)
        for _ in range(5)
    ]
    print(f"import of raysft.spec and raysft.composition: {statistics.median(imports):.3f} s (median of 5)")
    measure(seeds)
    plan_twice(60_000)


def measure(seeds: int) -> None:
    """Plan, add up, write."""
    from raysft.cli.plan.as_json import write_plan
    from raysft.cli.plan.points import show_points
    from raysft.spec import SweepSpec
    from raysft.store import Store
    from raysft.sweep.account.totals import account
    from raysft.sweep.inputs.dry_plan import survey
    from raysft.sweep.results.why import Reasons

    spec = SweepSpec.model_validate(sweep(seeds))
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        surveyed = survey(spec, Store.open(folder))
    planned = time.perf_counter()
    added = account(surveyed)
    billed = time.perf_counter()
    with open(os.devnull, "w") as nowhere:
        write_plan(added, Reasons(), nowhere)
        written = time.perf_counter()
        show_points(Console(file=nowhere, width=80), added)
    shown = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    plan = surveyed.plan
    print(f"{len(plan.points):,} points, {len(plan.stages):,} stages")
    print(f"planned in {planned - began:.1f} s, added up in {billed - planned:.1f} s")
    print(f"JSON written in {written - billed:.1f} s, points in {shown - written:.1f} s")
    print(f"largest memory {peak:.2f} GB")


def plan_twice(rows: int) -> None:
    """Plan a source that is here, with nothing known of its tokens, and again."""
    drawn = random.Random(0)  # noqa: S311 - texts to count
    with tempfile.TemporaryDirectory() as folder:
        with open(f"{folder}/sums.jsonl", "w") as out:
            for number in range(rows):
                said = " ".join(str(drawn.random()) for _ in range(30))
                out.write(json.dumps({"prompt": f"{number}: {said}?", "completion": said[:200]}) + "\n")
        raw = {
            "name": "counted",
            "abilities": {"sums": {"source": {"path": f"{folder}/sums.jsonl"}}},
            "models": {"tiny": {"base": "world/base"}},
            "studies": {"all": {"model": "tiny", "strategy": "multi_task"}},
        }
        with open(f"{folder}/sweep.yaml", "w") as out:
            json.dump(raw, out)
        command = [
            sys.executable,
            "-m",
            "raysft",
            "plan",
            f"{folder}/sweep.yaml",
            "--store",
            f"{folder}/none",
        ]
        for when in ("first", "again"):
            began = time.perf_counter()
            environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
            subprocess.run(command, env=environment, capture_output=True, check=True)
            print(f"{rows:,} conversations planned, {when}: {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
