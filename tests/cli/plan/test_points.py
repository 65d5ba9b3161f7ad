"""`raysft plan --points`: columns stay columns, whatever the width, and the ratio is said in tokens too."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console
from support.example_sweep import raw_of
from support.places import SWEEPS

from raysft.cli.plan.mixture import share_text
from raysft.cli.plan.points import show_points
from raysft.spec import SweepSpec
from raysft.spec.reading.load import load_sweep
from raysft.sweep.results.plan_view import view_plan

NUMBERS = re.compile(r" *[0-9.]+[kMGTP]?( +[0-9.]+[kMGTP]?)")


def shown(spec: SweepSpec, folder: Path, width: int) -> list[str]:
    text = io.StringIO()
    with view_plan(spec, str(folder / "no store")) as found:
        show_points(Console(file=text, width=width), found.account)
    return text.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 100, 120, 200])
@pytest.mark.parametrize("file", ["paper", "paper_tiny"])
def test_fingerprints_stand_below_each_other(file: str, width: int, tmp_path: Path) -> None:
    lines = shown(load_sweep(SWEEPS / f"{file}.yaml", (), None, "expected"), tmp_path, width)
    places = {
        len(line) - len(line.lstrip()) if not line[:30].strip() else found.start()
        for line in lines
        if (found := re.search(r"\b[0-9a-f]{8} ", line)) and NUMBERS.match(line)
    }
    assert places == {38}
    rest = [line for line in lines[3:] if not line.strip().startswith("(") and line.startswith(" " * 20)]
    assert all(line.startswith(" " * 38) for line in rest)
    if width >= 80:
        assert max(map(len, lines)) <= width


def test_hours_of_two_kinds_keep_their_column(tmp_path: Path) -> None:
    models = {
        "tiny": {"base": "world/base"},
        "other": {
            "base": "huggyllama/llama-7b",
            "workers": 8,
            "gpus_per_worker": 1,
            "recipe": {"precision": "bf16"},
        },
    }
    raw = raw_of("s: {model: [tiny, other], strategy: multi_task}", models=models)
    lines = [line for line in shown(SweepSpec.model_validate(raw), tmp_path, 200) if NUMBERS.match(line)]
    assert {line.index(" code ") - 8 for line in lines} == {38}
    assert {line[:36].split()[-1] for line in lines} == {"GPU", "core"}


def test_the_ratio_is_said_in_supervised_tokens_beside_conversations(tmp_path: Path) -> None:
    lines = shown(load_sweep(SWEEPS / "paper.yaml", (), None, "expected"), tmp_path, 200)
    whole = next(line for line in lines if "code 20,022 + math 110,142 + general 86,060" in line)
    # 65 · 20,022, 95 · 110,142 and 700 · 86,060
    assert whole.endswith("(supervised tokens 2% + 15% + 84%)")
    assert not any("supervised tokens" in line for line in lines if "+" not in line)


@pytest.mark.parametrize(
    ("share", "said"), [(0.0, "0%"), (1e-5, "<0.1%"), (0.004, "0.4%"), (0.123, "12%"), (1.0, "100%")]
)
def test_a_share_in_words(share: float, said: str) -> None:
    assert share_text(share) == said
