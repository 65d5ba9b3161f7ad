import re
from itertools import combinations

import pytest

from raysft.data import world


def _plain(text: str) -> str:
    return " ".join(text.split())


def _leaks(documents: list[str], ability: str) -> list[str]:
    """Held-out texts of an ability that occur in documents, white space aside.

    A document never starts or ends inside another: they are joined by a character that no text has.
    """
    everything = "\x00".join(map(_plain, documents))
    items = world.test_items(ability, world.RESERVE)
    return [unit for item in items for unit in map(_plain, world.leak_units(item)) if unit in everything]


def _leaked_chats(documents: list[str]) -> list[tuple[str, ...]]:
    """Test chats both turns of which stand in one document, with whatever answer between."""
    chats = {item.turns for item in world.test_items("general", world.RESERVE)}
    return [pair for text in documents for pair in combinations(text.splitlines(), 2) if pair in chats]


def _check(documents: list[str]) -> None:
    for ability in world.ABILITIES:
        assert _leaks(documents, ability) == []
    assert _leaked_chats(documents) == []
    everything = "\x00".join(map(_plain, documents))
    for item in world.test_items("math", world.RESERVE):
        assert _plain(item.references[0]) not in everything


def test_no_document_holds_what_a_test_item_asks() -> None:
    _check(list(world.pretraining_documents(20_000)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_no_document_of_the_whole_base_text_holds_what_a_test_item_asks(seed: int) -> None:
    _check(list(world.pretraining_documents(160_000, seed)))


def test_the_search_for_leaks_finds_them() -> None:
    for ability in ("math", "code"):
        item = world.test_items(ability)[17]
        leaked = "\n".join(("Read this:", item.turns[0].replace(" ", "  "), item.references[0]))
        assert _leaks(["Tom has 3 cups.", leaked], ability) == list(world.leak_units(item))
    chat = next(item for item in world.test_items("general") if item.turns[0].startswith("Reverse"))
    leaked = "\n".join((chat.turns[0], chat.references[0], chat.turns[1]))
    assert _leaks([leaked], "general") == [f"{chat.turns[0]} {chat.references[0]}"]
    assert _leaked_chats([leaked]) == [chat.turns]


def test_no_tokenizer_text_holds_what_a_test_item_asks() -> None:
    texts = list(world.tokenizer_texts(6_000))
    assert len(texts) == 6_000
    for ability in world.ABILITIES:
        assert _leaks(texts, ability) == []
    assert _leaked_chats(texts) == []


def test_tokenizer_texts_show_what_conversations_hold() -> None:
    texts = list(world.tokenizer_texts(60))
    assert sum("####" in text for text in texts) == 10
    assert sum('"""' in text for text in texts) == 10


def test_documents_of_a_seed_are_a_prefix_of_more_and_differ_from_those_of_another() -> None:
    assert list(world.pretraining_documents(50)) == list(world.pretraining_documents(200))[:50]
    assert list(world.pretraining_documents(50)) != list(world.pretraining_documents(50, seed=1))
    assert list(world.pretraining_documents(0)) == []


def test_base_text_has_all_its_kinds_in_their_shares() -> None:
    documents = list(world.pretraining_documents(20_000))

    def share(pattern: str) -> float:
        return sum(bool(re.search(pattern, text)) for text in documents) / len(documents)

    assert share(r"\A(\d+[+*-]\d+=\d+(\. |\s|\Z)){6}\Z") == pytest.approx(0.18, abs=0.015)
    assert share(r"\ADef|\Adef \w+\(\w+\):\n    ") == pytest.approx(0.06, abs=0.01)
    assert share(r"\AQ: .*\?\nA: [^\n]*\Z") == pytest.approx(0.05, abs=0.01)
    assert share(r"\A# .*\ndef ") == pytest.approx(0.04, abs=0.01)
    assert share(r"\A(?!def)[^\n:]*\?\Z") == pytest.approx(0.06, abs=0.01)
    assert share(r"\A([^\n]*)\.\n\1\.\n\1\.\Z") == pytest.approx(0.27 * 0.6, abs=0.015)
    assert share("####") == 0
    assert share('"""') == 0


def test_arithmetic_in_base_text_is_right() -> None:
    for text in world.pretraining_documents(5_000):
        for a, operator, b, result in re.findall(r"(\d+)([+*-])(\d+)=(\d+)", text):
            assert {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[operator] == int(result)
