"""Tagging by a model. What the built-in base answers is nonsense: it counts that it answers, and how."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from raysft.cluster.resources import Resources
from raysft.data.conversation import Conversation, dialogue
from raysft.data.tag.label_prompt import LabelPrompt
from raysft.data.world import BASES
from raysft.errors import ClusterError, InputError, Problem
from raysft.sweep.run.session import Session
from raysft.sweep.tag import tagging, tagging_pool
from raysft.sweep.tag.kept_answers import KeptAnswers, Said, kept_answers
from raysft.sweep.tag.tagging import Labelled, label_conversations
from raysft.sweep.tag.tagging_pool import TaggingModel, TaggingWorker

PROMPT = LabelPrompt.of(["code", "math"], 200)
TALKS = [dialogue(f"What is {number} + {number * 7 % 10}?", f"It is {number}.") for number in range(20)]
ON_ONE_CORE = Session(own=True, capacity=Resources(1, 0))
MODEL = TaggingModel(Path("nowhere"), "weights", "texts", "fp32", "cpu")


@pytest.fixture
def units_of_six(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging, "UNIT", 6)


def keep_all(kept: KeptAnswers, model: TaggingModel, prompt: LabelPrompt, said: list[Said]) -> None:
    """Put answers to `TALKS` into a file as a run would have."""
    for unit in tagging._units(TALKS, prompt, model):
        kept.add(unit.key, said[unit.number * tagging.UNIT :][: len(unit.questions)])


@pytest.mark.usefixtures("units_of_six")
def test_answers_become_labels_in_the_order_of_the_conversations(tmp_path: Path) -> None:
    said = [Said(text, "stop") for text in ("code", "none", "math, code", "what?")] * 5
    said[10], said[19] = Said("", "overflow"), Said("math", "length")
    with kept_answers(tmp_path / "kept") as kept:
        keep_all(kept, MODEL, PROMPT, said)
    told: list[int] = []
    with kept_answers(tmp_path / "kept") as kept:
        found = label_conversations(TALKS, PROMPT, MODEL, ON_ONE_CORE, kept, told.append)
    expected = [("code",), (), ("code", "math"), ()] * 5
    expected[10], expected[19] = (), ("math",)
    assert found == Labelled(expected, unknown=4, too_long=1, kept=20)
    assert told == [6, 12, 18, 20]


@pytest.mark.parametrize(
    ("model", "prompt"),
    [
        (replace(MODEL, weights="other"), PROMPT),
        (replace(MODEL, texts="other"), PROMPT),
        (replace(MODEL, precision="bf16"), PROMPT),
        (MODEL, LabelPrompt.of(["code", "maths"], 200)),
        (MODEL, LabelPrompt.of(["code", "math"], 30)),
    ],
    ids=["weights", "tokenizer or template", "precision", "labels", "characters"],
)
def test_answers_of_another_run_are_not_taken(model: TaggingModel, prompt: LabelPrompt) -> None:
    (unit,) = tagging._units(TALKS, PROMPT, MODEL)
    (other,) = tagging._units(TALKS, prompt, model)
    assert unit.key != other.key
    elsewhere = replace(MODEL, folder=Path("elsewhere"), device="cuda")
    assert next(tagging._units(TALKS, PROMPT, elsewhere)).key == unit.key, "where it runs defines nothing"


def lines(path: Path) -> list[bytes]:
    return sorted(path.read_bytes().splitlines())


def run(path: Path, session: Session, talks: Iterator[Conversation] | list[Conversation] = TALKS) -> Labelled:
    with kept_answers(path) as kept:
        return label_conversations(
            talks, PROMPT, TaggingModel.at(BASES["world/base"], session), session, kept
        )


@pytest.mark.slow
@pytest.mark.usefixtures("units_of_six", "ray_cluster")
def test_actors_and_kills_change_nothing(ray_cluster: Session, tmp_path: Path) -> None:
    alone = run(tmp_path / "alone", ON_ONE_CORE)
    assert len(alone.labels) == 20
    assert len(set(lines(tmp_path / "alone"))) == 4
    assert run(tmp_path / "beside", ray_cluster) == alone
    assert lines(tmp_path / "beside") == lines(tmp_path / "alone"), "not only the labels: every answer"

    def broken_off() -> Iterator[Conversation]:
        yield from TALKS[:19]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", ON_ONE_CORE, broken_off())
    assert 1 <= len(lines(tmp_path / "killed")) < 4
    begun = lines(tmp_path / "killed")
    resumed = run(tmp_path / "killed", ON_ONE_CORE)
    assert resumed == replace(alone, kept=6 * len(begun))
    assert lines(tmp_path / "killed") == lines(tmp_path / "alone")


def dying() -> type:
    """An actor that dies over a unit, as a node does, as often as there are files in its model's folder.

    Made in here, so that it travels to a process that cannot import this file.
    """

    class Dying(TaggingWorker):
        def answer(self, questions, max_new_tokens):
            for left in self._model.folder.iterdir():
                left.unlink()
                os._exit(1)
            return [Said("code", "stop") for _ in questions]

    return Dying


def refusing() -> type:
    """An actor that cannot use its model."""

    class Refusing(TaggingWorker):
        def answer(self, questions, max_new_tokens):
            raise InputError([Problem("model", "sliding window", "choose another")])

    return Refusing


@pytest.mark.slow
@pytest.mark.usefixtures("units_of_six", "ray_cluster")
@pytest.mark.parametrize("deaths", [2, 3])
def test_a_unit_survives_two_deaths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deaths: int) -> None:
    monkeypatch.setattr(tagging_pool, "TaggingWorker", dying())
    (tmp_path / "lives").mkdir()
    for number in range(deaths):
        (tmp_path / "lives" / str(number)).touch()
    model = replace(MODEL, folder=tmp_path / "lives")
    with kept_answers(tmp_path / "kept") as kept:
        if deaths == 3:
            with pytest.raises(ClusterError, match="died 3 times"):
                label_conversations(TALKS, PROMPT, model, ON_ONE_CORE, kept)
        else:
            found = label_conversations(TALKS, PROMPT, model, ON_ONE_CORE, kept)
            assert found.labels == [("code",)] * 20


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
def test_what_is_wrong_with_a_model_is_told_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tagging_pool, "TaggingWorker", refusing())
    with kept_answers(tmp_path / "kept") as kept, pytest.raises(InputError, match="sliding window") as caught:
        label_conversations(TALKS, PROMPT, MODEL, ON_ONE_CORE, kept)
    assert caught.value.problems[0].remedy == "choose another"
