import xml.etree.ElementTree as ET
from collections.abc import Sequence
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.synthetic_results import Asked, tables, usual_points

from analysis.cells import Cell, collapse
from analysis.figures.all import draw_figures
from analysis.figures.canvas import Figure, spread

SVG = "{http://www.w3.org/2000/svg}"


def texts(figure: Figure) -> list[str]:
    return ["".join(node.itertext()) for node in ET.fromstring(figure.svg).iter(f"{SVG}text")]


def drawn(cells: Sequence[Cell], kind: str) -> Figure:
    (found,) = [figure for figure in draw_figures(cells) if figure.title.startswith(kind)]
    return found


@pytest.fixture(scope="module")
def usual() -> list[Figure]:
    return draw_figures(collapse(*tables(usual_points())))


def test_every_kind_is_drawn_for_the_study_that_has_it(usual: list[Figure]) -> None:
    assert [figure.title for figure in usual] == [
        "Strategies side by side: strategies, tiny",
        "Forgetting across stages: strategies, tiny, amount 1",
        "Lost format or lost ability: strategies, tiny",
        "Strategies side by side: amounts, tiny",
        "Score against amount: amounts, tiny",
        "Lost format or lost ability: amounts, tiny",
    ]


def test_every_figure_says_what_its_interval_is(usual: list[Figure]) -> None:
    assert all("95% interval" in figure.caption or "No intervals" in figure.caption for figure in usual)


def test_amounts_are_exact_fractions_on_the_axis(usual: list[Figure]) -> None:
    found = texts(usual[4])
    assert found.count("1/64") == found.count("1/16") == found.count("1/4") == 3
    assert {"single", "multi_task", "base", "math", "code", "general"} <= set(found)


def test_strategies_are_named_once_and_in_order(usual: list[Figure]) -> None:
    found = [text for text in texts(usual[0]) if "(" in text or text in ("base", "multi_task", "sequential")]
    singles = ["single(math)", "single(code)", "single(general)"]
    assert found == ["base", *singles, "multi_task", "sequential", "dmt(k=1/64)", "dmt(k=1/16)"]


def test_forgetting_names_what_each_stage_was_trained_on(usual: list[Figure]) -> None:
    found = texts(usual[1])
    assert {"sequential", "mixed_sequential", "dmt(k=1/64)", "dmt(k=1/16)"} <= set(found)
    assert {"general 1024", "+ math 32", "+ math 128"} <= set(found)


def test_nothing_is_fetched_and_nothing_runs(usual: list[Figure]) -> None:
    for figure in usual:
        for node in ET.fromstring(figure.svg).iter():
            assert node.tag not in (f"{SVG}script", f"{SVG}image", f"{SVG}foreignObject")
            assert not [name for name in node.attrib if name.startswith("on")]
            links = [value for name, value in node.attrib.items() if name.endswith("href")]
            assert all(link.startswith("#") for link in links)


def test_figures_on_one_page_share_no_group_ids(usual: list[Figure]) -> None:
    assert not [node for node in ET.fromstring(usual[0].svg).iter(f"{SVG}g") if "_" in node.get("id", "")]


def test_drawing_leaves_the_settings_of_the_process_alone(usual: list[Figure]) -> None:
    before = dict(mpl.rcParams)
    draw_figures(collapse(*tables([Asked("base", "", None), Asked("multi_task")], n=20)))
    assert dict(mpl.rcParams) == before
    assert usual


def test_suspect_marks_are_hollow() -> None:
    def hollow(suspect: bool) -> int:
        results, items = tables([Asked("base", "", None), Asked("multi_task")], n=20)
        results["suspect"] = suspect
        figure = drawn(collapse(results, items), "Strategies")
        uses = [node.get("style", "") for node in ET.fromstring(figure.svg).iter(f"{SVG}use")]
        return sum("fill: #ffffff" in style and "stroke: #0072b2" in style for style in uses)

    assert (hollow(True), hollow(False)) == (3, 0)


def test_unscored_and_failed_are_words_and_not_dots_at_0() -> None:
    results, items = tables([
        Asked("base", "", None),
        Asked("multi_task"),
        Asked("sequential", status="failed", cause="NaN"),
    ])  # fmt: skip
    judged = results.benchmark_key == "general"
    results.loc[judged, "value"] = np.nan
    results.loc[judged, "unscored"] = 300
    found = texts(drawn(collapse(results, items), "Strategies"))
    assert found.count("failed") == 3
    assert found.count("unscored") == 2


def test_names_are_text_in_the_svg() -> None:
    names = {"study": "</svg><script>alert(1)</script>", "model": "$\\frac{1}{0 & <b> 模型"}
    points = [Asked("base", "", None, **names), Asked("multi_task", **names), Asked("sequential", **names)]
    results, items = (
        table.assign(benchmark_key="<$x$>\x00" + table.benchmark_key.fillna(""))
        for table in tables(points, n=20)
    )
    figures = draw_figures(collapse(results, items))
    assert len(figures) == 3
    for figure in figures:
        root = ET.fromstring(figure.svg)
        assert not list(root.iter(f"{SVG}script"))
        assert names["study"] in str(root.get("aria-label"))
        assert any("<$x$>\N{REPLACEMENT CHARACTER}math" in text for text in texts(figure))


@pytest.mark.parametrize(
    "points",
    [
        [],
        [Asked("base", "", None)],
        [Asked("multi_task")],
        [Asked("multi_task", status="failed", cause="x")],
        [Asked("multi_task", status="waiting"), Asked("base", "", None)],
    ],
)
def test_too_little_to_compare_draws_no_comparison(points: list[Asked]) -> None:
    assert [one for one in draw_figures(collapse(*tables(points, n=20))) if "side by side" in one.title] == []


@given(
    st.lists(st.floats(0, 100), min_size=1, max_size=6),
    st.floats(0.1, 15),
)
def test_spread_labels_never_touch_and_keep_their_order(wanted: list[float], gap: float) -> None:
    places = spread(wanted, gap, 0, 100)
    ordered = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert all(after - before >= gap - 1e-6 for before, after in pairwise(ordered))
    assert all(-1e-6 <= place <= 100 + 1e-6 for place in places)


def test_names_of_any_length_leave_room_for_the_panels() -> None:
    long = {"study": "s" * 300, "model": "m" * 300, "ratio": '{"code": "' + "9" * 300 + '"}'}
    base = Asked("base", "", None, study=long["study"], model=long["model"])
    points = [Asked("sequential", **long), Asked("sequential", "1/4", **long), base]
    results, items = (
        table.assign(benchmark_key="w" * 300 + table.benchmark_key) for table in tables(points, n=20)
    )
    wide = results.assign(metric="m" * 300, trained_on="t " * 300)
    assert len(draw_figures(collapse(wide, items))) == 4
