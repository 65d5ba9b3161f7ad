from pathlib import Path

import pytest
from support.chat_model_folder import write_folder
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from raysft.evaluate.benchmark import Answer, Question
from raysft.evaluate.engines.stop_texts import StopTexts
from raysft.evaluate.engines.transformers_engine import TransformersEngine
from raysft.model.digest import weights_digest

LIMIT = 24


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("model"), context=256)


@pytest.fixture(scope="module")
def engine(folder: Path) -> TransformersEngine:
    engine = TransformersEngine("cpu", "fp32", 5)
    engine.load(folder, weights_digest(folder))
    return engine


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    found: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(folder)
    return found


def answered(engine: TransformersEngine, *stop: str) -> list[Answer]:
    questions = [Question(f"q{n}", ("Tom has " + "apples " * n,), stop=stop) for n in range(12)]
    return engine.answer(questions, LIMIT, seed=0)


def test_an_answer_ends_before_the_first_text_and_is_the_same_up_to_there(engine: TransformersEngine) -> None:
    whole = {one.question: one for one in answered(engine)}
    stop = next(one.texts[0][4:6] for one in whole.values() if len(one.texts[0].strip()) > 8)
    cut = answered(engine, stop)
    for one in cut:
        (text,), (end,) = whole[one.question].texts, whole[one.question].ends
        place = text.find(stop, len(text) - len(text.lstrip()) + 1)
        assert one.texts == (text[: place if place > 0 else None],)
        assert one.ends == ("stop" if place > 0 else end,)
    assert sum(one.texts != whole[one.question].texts for one in cut) > 0


def test_a_text_that_never_comes_changes_nothing(engine: TransformersEngine) -> None:
    assert answered(engine, "\nNobody says this: ever") == answered(engine)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("18\nQuestion: 2?", "18"),
        ("\nQuestion: again?\n18\nQuestion: 2?", "\nQuestion: again?\n18"),
        ("\n\nQuestion: again? 18", "\n\nQuestion: again? 18"),
        ("18\n\nQ: 2?\nQuestion: 3?", "18"),
        ("18 and no Question: here", "18 and no Question: here"),
        ("", ""),
    ],
)
def test_what_stands_before_a_text(tokenizer: PreTrainedTokenizerBase, text: str, cut: str) -> None:
    stop = StopTexts(tokenizer, ("\nQuestion:", "\n\nQ:"))
    assert stop.cut(text) == cut
    tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
    ends = [stop.reached(tokens[: place + 1]) for place in range(len(tokens))]
    assert any(ends) == (cut != text)


def test_without_texts_nothing_ends(tokenizer: PreTrainedTokenizerBase) -> None:
    stop = StopTexts(tokenizer, ())
    assert stop.cut("18\nQuestion:") == "18\nQuestion:"
    assert not stop.reached([5, 6])
