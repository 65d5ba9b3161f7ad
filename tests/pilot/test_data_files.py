"""What is seen in a data file."""

import json
from pathlib import Path

import pytest
from support.example_pilot import write_chats, write_rows

from raysft.errors import InputError
from raysft.pilot.data_files import CHARACTERS_PER_TOKEN, TURN_TOKENS, look_at


def pairs(path: Path, pairs_: list[tuple[str, str]]) -> str:
    path.write_text(
        "\n".join(json.dumps({"prompt": a, "completion": b}) for a, b in pairs_), encoding="utf-8"
    )
    return str(path)


def refusal(path: Path | str) -> str:
    with pytest.raises(InputError) as refused:
        look_at(str(path))
    (problem,) = refused.value.problems
    return str(problem)


def test_rows_copies_and_bad_rows_add_up(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "a.jsonl", 100)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, *lines[:7], '{"instruction": "no answer"}', "not json"]))
    found = look_at(str(path))
    assert (found.form, found.rows, found.bad_rows, found.copies, len(found.ids)) == (
        "alpaca",
        109,
        2,
        7,
        100,
    )
    assert "a.jsonl:108" in found.first_bad


def test_conversations_alike_are_counted_once_each(tmp_path: Path) -> None:
    rows = [(f"Question {number}", f"Answer {number}") for number in range(100)]
    rows += [("question  3!", "ANSWER 3"), ("Question 3", "answer 3."), ("Question 3", "Answer 4")]
    found = look_at(pairs(tmp_path / "a.jsonl", rows))
    assert (found.copies, found.alike) == (0, 2)


def test_tokens_are_estimated_from_characters_as_the_docstring_says(tmp_path: Path) -> None:
    rows = [(f"{number:036d}", "y" * 18) for number in range(100)]
    found = look_at(pairs(tmp_path / "a.jsonl", rows), preamble_tokens=40)
    expected = 40 + 2 * TURN_TOKENS + 54 / CHARACTERS_PER_TOKEN
    assert found.lengths == pytest.approx([expected] * 100)
    assert found.supervised == pytest.approx(18 / CHARACTERS_PER_TOKEN + 1)
    assert not found.counted
    other = look_at(pairs(tmp_path / "b.jsonl", [(f"{number:036d}", "你" * 18) for number in range(100)]))
    assert other.supervised == pytest.approx(18 + 1)


def test_a_tokenizer_corrects_the_estimate(tmp_path: Path) -> None:
    rows = [(f"{number:036d}", "y" * 36) for number in range(300)]
    found = look_at(pairs(tmp_path / "a.jsonl", rows), count_tokens=len, preamble_tokens=0)
    assert found.lengths == pytest.approx([72 + 2 * TURN_TOKENS] * 300)
    assert found.counted


def test_ninety_five_percent_and_what_fits(tmp_path: Path) -> None:
    rows = [(f"{number:036d}", "y" * (360 if number < 5 else 36)) for number in range(100)]
    found = look_at(pairs(tmp_path / "a.jsonl", rows), preamble_tokens=0)
    assert found.usual_tokens == 10 + 10 + 2 * TURN_TOKENS
    assert found.lengths[-1] == pytest.approx(10 + 100 + 2 * TURN_TOKENS)
    whole, cut = found.tokens_within(10_000), found.tokens_within(30)
    assert whole - cut == pytest.approx(5 * 90 / 100)
    assert found.supervised - found.supervised_within(30) == pytest.approx(whole - cut)


def test_dialogues_are_split_and_lose_nothing(tmp_path: Path) -> None:
    found = look_at(str(write_chats(tmp_path / "a.json", 100, turns=3)))
    assert (found.form, found.turns) == ("sharegpt", 3)
    assert found.tokens_within(8) == found.tokens_within(10_000)


def test_the_order_of_the_file_plays_no_part(tmp_path: Path) -> None:
    lines = write_rows(tmp_path / "a.jsonl", 500).read_text().splitlines()
    (tmp_path / "b.jsonl").write_text("\n".join(reversed(lines)))
    first, second = look_at(str(tmp_path / "a.jsonl"), len), look_at(str(tmp_path / "b.jsonl"), len)
    assert (first.ids, first.lengths, first.kind, first.answer_characters) == (
        second.ids,
        second.lengths,
        second.kind,
        second.answer_characters,
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("2 + 3 = 5\n#### 5", "sums"),
        ("Here it is:\n```python\nprint(1)\n```", "programs"),
        ("int main() {\n    return 0;\n}", "programs"),
        ("Well, " + "that depends on many things. " * 20, "open"),
        ("yes", "closed"),
    ],
)
def test_what_answers_look_like(answer: str, kind: str, tmp_path: Path) -> None:
    rows = [(f"Question {number}", answer) for number in range(100)]
    assert look_at(pairs(tmp_path / "a.jsonl", rows)).kind == kind


@pytest.mark.parametrize(
    ("answer", "by_loss"),
    [
        ("SELECT name FROM users WHERE age > 30;", True),
        ("The second one, by a wide margin.", False),
        ("Paris", False),
        ("Three musketeers, Twix, and snickers are candy bars, and trident and wrigleys are gum.", True),
        ("2 + 3 = 5\n#### 5", True),
    ],
)
def test_what_no_model_gives_word_for_word_is_scored_by_loss(
    answer: str, by_loss: bool, tmp_path: Path
) -> None:
    rows = [(f"Question {number}", f"{answer}") for number in range(100)]
    assert look_at(pairs(tmp_path / "a.jsonl", rows)).by_loss == by_loss


def test_a_template_inside_the_questions_is_seen(tmp_path: Path) -> None:
    rows = [(f"Below is.\n\n### Instruction:\n{number}\n\n### Response:\n", "yes") for number in range(100)]
    assert look_at(pairs(tmp_path / "a.jsonl", rows)).template == "### Instruction:"
    rows = [
        (f"What does [INST] mean in {number}?" if number < 40 else f"{number}", "a mark")
        for number in range(100)
    ]
    assert look_at(pairs(tmp_path / "b.jsonl", rows)).template == ""


def test_documents(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps({"text": f"Document {number}."}) for number in range(80)))
    assert look_at(str(path)).kind == "documents"


def test_long_documents_are_split_and_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    books = [json.dumps({"text": f"{number} " + "y" * 3600}) for number in range(80)]
    path.write_text("\n".join(books))
    found = look_at(str(path))
    assert found.tokens_within(100) == found.tokens_within(10_000) > 1000
    assert found.supervised_within(100) == found.supervised > 1000
    path.write_text(
        "\n".join([*books, *(json.dumps({"prompt": f"{n}", "completion": "y"}) for n in range(80))])
    )
    mixed = look_at(str(path))
    assert mixed.tokens_within(100) == mixed.tokens_within(10_000)


@pytest.mark.parametrize(
    ("rows", "held_out"), [(60, 20), (100, 20), (540, 108), (999, 199), (1000, 200), (9000, 200)]
)
def test_held_out_is_a_fifth_within_bounds(rows: int, held_out: int, tmp_path: Path) -> None:
    found = look_at(str(write_rows(tmp_path / "a.jsonl", rows, words=1)))
    assert found.held_out == held_out
    assert found.trained == rows - held_out


def test_held_out_counts_questions_and_takes_their_answers(tmp_path: Path) -> None:
    found = look_at(pairs(tmp_path / "a.jsonl", [(f"{n % 100}?", f"{n}.") for n in range(1000)]))
    assert (len(found.ids), len(found.questions), found.held_out, found.trained) == (1000, 100, 20, 800)
    few = pairs(tmp_path / "b.jsonl", [(f"{n % 30}?", f"{n}.") for n in range(1000)])
    assert "30 distinct questions; it needs at least 60" in refusal(few)


def test_what_cannot_be_used_is_refused(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "nowhere.jsonl")
    assert "is a folder: holds no .jsonl" in refusal(tmp_path)
    small = write_rows(tmp_path / "small.jsonl", 59)
    assert "59 distinct questions; it needs at least 60" in refusal(small)
    copies = tmp_path / "copies.jsonl"
    copies.write_text("\n".join(small.read_text().splitlines() * 3))
    assert "59 distinct" in refusal(copies)
    (tmp_path / "odd.jsonl").write_text('{"a": 1}\n' * 100)
    assert "no known format" in refusal(tmp_path / "odd.jsonl")
    (tmp_path / "notes.txt").write_text("hello")
    assert "is plain text" in refusal(tmp_path / "notes.txt")
    (tmp_path / "bad.jsonl").write_text('{"prompt": "a", "completion": "b"}\n' + '{"prompt": "a"}\n' * 200)
    assert "200 of 201 rows are malformed" in refusal(tmp_path / "bad.jsonl")
    (tmp_path / "empty.jsonl").write_text("")
    assert "0 distinct" in refusal(tmp_path / "empty.jsonl")


def test_hostile_text_takes_no_time(tmp_path: Path) -> None:
    evil = ["\n" * 200_000 + "x", "#" * 200_000, ";" * 200_000, " " * 200_000 + "x"]
    rows = [(f"Question {number}", evil[number % 4]) for number in range(64)]
    assert look_at(pairs(tmp_path / "a.jsonl", rows)).rows == 64
