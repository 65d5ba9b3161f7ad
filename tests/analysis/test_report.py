import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from support.synthetic_results import Asked, items_frame, results_frame, tables, usual_points, write

from analysis.__main__ import main
from analysis.report import TOY_CAUTION, write_report
from raysft.errors import InputError

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>{{ 7*7 }}"


class Page(HTMLParser):
    """Tags, attributes and texts of a page, as a browser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def made(folder: Path, points: list[Asked], **facts: object) -> str:
    write(folder, *tables(points, n=40), **facts)
    return write_report(folder, folder / "out" / "report.html").read_text(encoding="utf-8")


SECTIONS = ("What was asked", "Results", "Figures", "What to read with care", "Failures", "Provenance")


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Page:
    return Page(made(tmp_path_factory.mktemp("usual"), usual_points(), caution="Only a toy."))


def test_the_usual_sweep_has_every_section(usual: Page) -> None:
    assert [text for text in usual.texts if text in SECTIONS] == list(SECTIONS)
    assert "Only a toy." in usual.texts
    assert usual.tags.count("svg") == 6
    assert "One seed: the recipe was not assessed" in usual.texts
    assert "Every point is done." in usual.texts
    assert "raysft 0.1.0" in usual.texts


def test_the_page_is_whole_and_fetches_nothing(usual: Page) -> None:
    assert not {"script", "link", "iframe", "img", "object", "base"} & set(usual.tags)
    assert [name for name, _ in usual.attributes if name.startswith("on")] == []
    links = [value for name, value in usual.attributes if name.endswith(("href", "src"))]
    assert all(str(link).startswith("#") for link in links)


def test_a_toy_world_is_called_one(tmp_path: Path) -> None:
    assert TOY_CAUTION in made(tmp_path / "toy", [Asked("multi_task")], toy=True)
    assert TOY_CAUTION not in made(tmp_path / "real", [Asked("multi_task")], toy=False)


def test_names_and_causes_are_shown_as_text(tmp_path: Path) -> None:
    points = [
        Asked("base", "", None, study=HOSTILE, model=HOSTILE),
        Asked("multi_task", study=HOSTILE, model=HOSTILE, ratio=json.dumps({HOSTILE: HOSTILE})),
        Asked("sequential", study=HOSTILE, model=HOSTILE, status="failed", cause=HOSTILE),
    ]
    facts = {
        "name": HOSTILE,
        "caution": HOSTILE,
        "abilities": {HOSTILE: 1},
        "generated_by": {HOSTILE: HOSTILE},
    }
    page = Page(made(tmp_path, points, **facts))
    assert not {"script", "img"} & set(page.tags)
    assert "alert(1)" in page.text
    assert "{{ 7*7 }}" in page.text
    assert [name for name, _ in page.attributes if name.startswith("on")] == []


def test_what_was_not_scored_is_never_0(tmp_path: Path) -> None:
    results, items = tables([Asked("multi_task")], n=40)
    results["value"] = np.nan
    results["unscored"], results["reason"] = 40, "no judge is configured"
    items["value"] = np.nan
    write(tmp_path, results, items)
    page = Page(write_report(tmp_path, tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page.texts.count("unscored") == 3
    assert "no judge is configured" in page.texts
    assert not re.search(r"\b0\.0+\b", page.text.split("Results")[1].split("What to read")[0])


@pytest.mark.parametrize(
    "points",
    [
        [Asked("base", "", None)],
        [Asked("multi_task")],
        [Asked("multi_task", status="failed", cause="out of memory")],
        [Asked("base", "", None), Asked("sequential", status="blocked", cause="stage abc failed")],
        [Asked("multi_task", status="waiting")],
    ],
)
def test_little_still_makes_a_page(tmp_path: Path, points: list[Asked]) -> None:
    text = Page(made(tmp_path, points)).text
    missing = [point for point in points if point.status != "done"]
    trained = [point for point in points if point.strategy != "base"]
    noun = "point" if len(trained) == 1 else "points"
    assert f"{len(trained) - len(missing)} of {len(trained)} {noun} done" in text
    assert ("beside the base" in text) == (len(trained) < len(points))
    for point in missing:
        assert point.status in text
        assert point.cause in text


def test_a_sweep_without_benchmarks_makes_a_page(tmp_path: Path) -> None:
    results, items = tables([Asked("multi_task")], n=40)
    bare = results.assign(
        **dict.fromkeys(["benchmark_key", "ability", "benchmark", "metric", "scale", "best", "value"])
    )
    write(tmp_path, bare, items[:0])
    assert "No benchmark has measured anything" in write_report(tmp_path, tmp_path / "r.html").read_text()


def test_an_empty_sweep_makes_a_page(tmp_path: Path) -> None:
    write(tmp_path, results_frame([]), items_frame([]))
    assert "No point was asked for." in write_report(tmp_path, tmp_path / "r.html").read_text()


def test_the_same_results_make_the_same_bytes(tmp_path: Path) -> None:
    points = [Asked("base", "", None), Asked("multi_task")]
    assert made(tmp_path / "a", points) == made(tmp_path / "b", points)


def test_an_older_report_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    made(tmp_path, [Asked("multi_task")], name="first")
    assert "second" in made(tmp_path, [Asked("multi_task")], name="second")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report.html"]


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        write_report(tmp_path, tmp_path / "report.html")
    assert [Path(problem.field).name for problem in caught.value.problems] == [
        "results.parquet",
        "items.parquet",
        "sweep.json",
    ]


@pytest.mark.parametrize("name", ["results.parquet", "items.parquet", "sweep.json"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    write(tmp_path, *tables([Asked("multi_task")], n=20))
    (tmp_path / name).write_bytes(b"not what it says")
    with pytest.raises(InputError, match=re.escape(name)):
        write_report(tmp_path, tmp_path / "report.html")


def test_a_row_with_a_wrong_type_is_named(tmp_path: Path) -> None:
    results, items = tables([Asked("multi_task")], n=20)
    write(tmp_path, results.assign(status="sleeping"), items)
    with pytest.raises(InputError, match=r"results\.parquet, row 0, status: 'sleeping'"):
        write_report(tmp_path, tmp_path / "report.html")


def test_the_command_prints_the_table_and_writes_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, *tables([Asked("multi_task")], n=20))
    assert main([str(tmp_path)]) == 0
    assert "multi_task" in capsys.readouterr().out
    assert (tmp_path / "report.html").is_file()
    assert main([str(tmp_path), "--out", str(tmp_path / "other.html")]) == 0
    assert (tmp_path / "other.html").is_file()


def test_the_command_refuses_a_folder_without_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "results.parquet: missing" in capsys.readouterr().err
