import random
import shutil
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any

import pytest
import torch
from support.chat_model_folder import write_folder
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
)

from raysft.data.tokens.template import Encoded
from raysft.errors import DamagedArtifact, InputError, OutOfMemory
from raysft.evaluate.benchmark import Answer, Question
from raysft.evaluate.engines import reference_loss as loss_module
from raysft.evaluate.engines.decoding import Prompt, Written
from raysft.evaluate.engines.transformers_engine import TransformersEngine
from raysft.model.digest import weights_digest

LIMIT = 24
QUESTIONS = [Question(f"q{n}", ("Tom has " + "apples " * n, "and then?")[: 1 + n % 2]) for n in range(12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("model"), context=256)


@pytest.fixture(scope="module")
def engine(folder: Path) -> TransformersEngine:
    return loaded(folder)


def loaded(folder: Path, batch_size: int = 5) -> TransformersEngine:
    engine = TransformersEngine("cpu", "fp32", batch_size)
    engine.load(folder, weights_digest(folder))
    return engine


def by_hand(folder: Path, question: Question) -> Answer:
    """The answer by transformers' own pieces, one turn at a time, alone."""
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    messages, texts, ends = [], [], []
    for turn in question.turns:
        messages.append({"role": "user", "content": turn})
        prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt")
        length = prompt["input_ids"].shape[1]
        room = min(LIMIT, model.config.max_position_embeddings - length)
        output = model.generate(**prompt, max_new_tokens=room, do_sample=False)[0, length:].tolist()
        ends.append("stop" if tokenizer.eos_token_id in output else "length")
        texts.append(tokenizer.decode(output, skip_special_tokens=True))
        messages.append({"role": "assistant", "content": texts[-1]})
    return Answer(question.id, tuple(texts), tuple(ends))


def test_answers_are_those_of_transformers(engine: TransformersEngine, folder: Path) -> None:
    found = engine.answer(QUESTIONS, LIMIT, seed=0)
    assert found == [by_hand(folder, question) for question in QUESTIONS]
    assert {end for answer in found for end in answer.ends} == {"stop", "length"}


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_neither_order_nor_batch_size_changes_an_answer(
    engine: TransformersEngine, folder: Path, batch_size: int, temperature: float
) -> None:
    questions = [Question(one.id, one.turns, temperature=temperature) for one in QUESTIONS]
    shuffled = random.Random(1).sample(questions, len(questions))
    found = {one.question: one for one in loaded(folder, batch_size).answer(shuffled, LIMIT, seed=3)}
    assert [found[one.id] for one in questions] == engine.answer(questions, LIMIT, seed=3)


def test_the_seed_matters_to_sampling_only(engine: TransformersEngine) -> None:
    warm = [Question(one.id, one.turns, temperature=1.0) for one in QUESTIONS]
    assert engine.answer(warm, LIMIT, seed=1) != engine.answer(warm, LIMIT, seed=2)
    assert engine.answer(QUESTIONS, LIMIT, seed=1) == engine.answer(QUESTIONS, LIMIT, seed=2)


def test_equal_questions_with_different_ids_are_sampled_apart(engine: TransformersEngine) -> None:
    twins = [Question(name, ("Tom",), temperature=1.5) for name in "abcdef"]
    assert len({answer.texts for answer in engine.answer(twins, LIMIT, seed=0)}) > 1


def test_other_weights_of_the_same_shape_go_into_the_same_model(folder: Path, tmp_path: Path) -> None:
    other = write_folder(tmp_path / "other", context=256, seed=1)
    engine = loaded(folder)
    before, model = engine.answer(QUESTIONS, LIMIT, 0), engine._holding().model
    engine.load(other, weights_digest(other))
    assert engine._holding().model is model
    assert engine.answer(QUESTIONS, LIMIT, 0) == loaded(other).answer(QUESTIONS, LIMIT, 0) != before
    engine.load(folder, weights_digest(folder))
    assert engine.answer(QUESTIONS, LIMIT, 0) == before


@pytest.mark.parametrize("change", [{"context": 200}, {"tied": True}, {"keys": 2}, {"vocabulary": 310}])
def test_another_shape_makes_another_model(folder: Path, tmp_path: Path, change: dict[str, int]) -> None:
    other = write_folder(tmp_path / "other", **{"context": 256, "seed": 1, **change})
    engine = loaded(folder)
    engine.load(other, weights_digest(other))
    assert engine.answer(QUESTIONS, LIMIT, 0) == loaded(other).answer(QUESTIONS, LIMIT, 0)


def test_weights_that_are_held_are_not_read_again(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    engine, digest = loaded(moved), weights_digest(moved)
    (moved / "model.safetensors").unlink()
    engine.load(moved, digest)
    assert engine.answer(QUESTIONS[:1], 2, 0)


def test_weights_that_are_not_the_promised_ones_are_refused(folder: Path) -> None:
    engine = loaded(folder)
    with pytest.raises(DamagedArtifact, match="not 0000"):
        engine.load(folder, "0000")
    with pytest.raises(RuntimeError, match="holds no weights"):
        engine.answer(QUESTIONS, LIMIT, 0)


def test_a_prompt_without_room_is_an_overflow(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, context=40, eagerness=0.0)
    engine, tokenizer = loaded(folder), AutoTokenizer.from_pretrained(folder)
    marks = 2
    for letters, room in [(40 - marks - 1, 1), (40 - marks - 3, 3), (40 - marks, 0), (90, 0)]:
        (answer,) = engine.answer([Question("one", ("z" * letters, "more"))], LIMIT, 0)
        if room:
            assert answer.ends[0] == "length"
            assert len(tokenizer(answer.texts[0])["input_ids"]) <= room
            assert answer.ends[1] == "overflow"
        else:
            assert answer == Answer("one", ("", ""), ("overflow", "overflow"))


def test_nothing_asked_is_nothing_answered(engine: TransformersEngine) -> None:
    assert engine.answer([], LIMIT, 0) == []
    assert engine.answer([Question("empty", ())], LIMIT, 0) == [Answer("empty", (), ())]
    assert engine.reference_loss([Question("bare", ("a",))]).loss is None


def test_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    """A model that says nothing but the first byte of a character of three."""
    folder = write_folder(tmp_path, eagerness=0.0)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    half = tokenizer("東", add_special_tokens=False)["input_ids"][0]
    assert tokenizer.decode([half]) == "\ufffd"
    with torch.no_grad():
        model.model.norm.weight.zero_()
        model.model.norm.weight[0] = 1.0
        model.lm_head.weight.zero_()
        model.lm_head.weight[half, 0] = 1.0
        model.model.embed_tokens.weight[:, 0] = 50.0
    model.save_pretrained(folder)
    (answer,) = loaded(folder).answer([Question("one", ("Tom",))], 3, 0)
    assert answer == Answer("one", ("\ufffd\ufffd\ufffd",), ("length",))


def test_the_loss_on_references_is_that_of_the_weights_held(folder: Path, tmp_path: Path) -> None:
    questions = [Question("one", ("How many?",), ("7",)), Question("two", ("And?",), ("so " * 200,))]
    engine = loaded(folder)
    before = engine.reference_loss(questions)
    assert before.loss
    assert before.cut == 1
    other = write_folder(tmp_path / "other", context=256, seed=1)
    engine.load(other, weights_digest(other))
    assert (
        engine.reference_loss(questions).loss == loaded(other).reference_loss(questions).loss != before.loss
    )


def test_a_model_that_does_not_see_its_whole_context_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    config = MistralConfig(
        vocab_size=300,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=64,
        sliding_window=16,
    )
    MistralForCausalLM(config).save_pretrained(tmp_path / "model")
    with pytest.raises(InputError, match="full attention in every layer"):
        loaded(tmp_path / "model")


FULL = torch.OutOfMemoryError("CUDA out of memory")


class Crowded:
    """A step of the engine's own, on a device whose memory holds some rows and no more."""

    def __init__(self, engine: TransformersEngine, rows: int, error: RuntimeError = FULL) -> None:
        decoder = engine._holding().decoder
        self._step, self._rows, self._error = decoder._step, rows, error
        decoder._step = self

    def __call__(self, tokens: torch.Tensor, *others: Any) -> torch.Tensor:
        if len(tokens) > self._rows:
            raise self._error
        return self._step(tokens, *others)


@pytest.mark.parametrize(("rows", "sizes"), [(64, (12,)), (5, (12, 6, 3)), (1, (12, 6, 3, 1))])
def test_where_memory_runs_out_fewer_are_answered_side_by_side(
    engine: TransformersEngine, folder: Path, rows: int, sizes: tuple[int, ...]
) -> None:
    """In fp32, so that not one answer is another one."""
    crowded = loaded(folder, batch_size=12)
    Crowded(crowded, rows)
    assert crowded.answer(QUESTIONS, LIMIT, 0) == engine.answer(QUESTIONS, LIMIT, 0)
    assert crowded.batch_sizes[-1] == sizes[-1]
    assert set(crowded.batch_sizes) <= set(sizes)


@pytest.mark.parametrize(
    "said",
    [
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
    ],
)
def test_memory_that_a_library_ran_out_of_is_no_other_error(
    engine: TransformersEngine, folder: Path, said: str
) -> None:
    crowded = loaded(folder, batch_size=12)
    Crowded(crowded, 5, RuntimeError(said))
    assert crowded.answer(QUESTIONS, LIMIT, 0) == engine.answer(QUESTIONS, LIMIT, 0)


def test_any_other_error_of_a_library_is_told(folder: Path) -> None:
    engine = loaded(folder)
    Crowded(engine, 0, RuntimeError("CUDA error: an illegal memory access was encountered"))
    with pytest.raises(RuntimeError, match="illegal memory access"):
        engine.answer(QUESTIONS, LIMIT, 0)


def test_what_was_answered_before_memory_ran_out_is_kept(folder: Path) -> None:
    """Two short questions are answered side by side; of the two long ones each alone."""
    questions = [Question(f"q{n}", ("Tom " * n,)) for n in (1, 1, 30, 31)]
    questions = [Question(f"{place}", one.turns) for place, one in enumerate(questions)]
    engine, asked = loaded(folder, batch_size=2), []
    write = engine._holding().decoder.write

    def writes(prompts: Sequence[Prompt], stops: Set[int]) -> list[Written]:
        asked.append([len(one.tokens) for one in prompts])
        if sum(asked[-1]) > 150:
            raise torch.OutOfMemoryError
        return write(prompts, stops)

    engine._holding().decoder.write = writes
    found = engine.answer(questions, LIMIT, 0)
    assert [len(one) for one in asked] == [2, 2, 1, 1]
    assert found == loaded(folder).answer(questions, LIMIT, 0)
    assert engine.batch_sizes == (2, 1)
    assert engine.answer(questions[:2], LIMIT, 0) == found[:2]
    assert engine.batch_sizes == (2,), "each call begins with what was asked for"


def test_one_question_that_does_not_fit_is_an_error_of_its_own(folder: Path) -> None:
    engine = loaded(folder)
    Crowded(engine, 0)
    with pytest.raises(OutOfMemory, match="does not hold one answer"):
        engine.answer(QUESTIONS, LIMIT, 0)


def test_references_are_read_in_smaller_batches_where_memory_runs_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = [Question(one.id, one.turns[:1], ("Tom has 7.",)) for one in QUESTIONS]
    engine = loaded(folder)
    whole, plain = engine.reference_loss(questions), loss_module._loss_sum

    def crowded(model: PreTrainedModel, batch: Sequence[Encoded]) -> float:
        if len(batch) > 2:
            raise torch.OutOfMemoryError
        return plain(model, batch)

    monkeypatch.setattr(loss_module, "_loss_sum", crowded)
    found = engine.reference_loss(questions)
    assert (found.loss, found.tokens) == (pytest.approx(whole.loss), whole.tokens)
