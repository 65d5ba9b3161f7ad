import hashlib
import json
import os
import re
import subprocess
import sys
import time

import pytest

from raysft.data import world
from raysft.data.conversation import dialogue
from raysft.data.world.demands import FOLLOW_UPS, Demands
from raysft.errors import InputError

_DIGEST = """
import hashlib
from raysft.data import world
from raysft.identity import canonical_bytes
hasher = hashlib.sha256()
for ability in world.ABILITIES:
    for item in world.test_items(ability, 200) + world.training_items(ability, 500, 3):
        hasher.update(canonical_bytes([item.ability, item.turns, item.references, item.facts]))
for text in [*world.pretraining_documents(2000, 5), *world.tokenizer_texts(200)]:
    hasher.update(text.encode())
print(hasher.hexdigest())
"""


@pytest.mark.parametrize("ability", world.ABILITIES)
def test_training_items_have_distinct_prompts_and_more_rows_keep_the_first(ability: str) -> None:
    many = world.training_items(ability, 8_192)
    assert len({item.turns for item in many}) == 8_192
    assert world.training_items(ability, 300) == many[:300]
    assert {item.ability for item in many} == {ability}


@pytest.mark.parametrize("ability", world.ABILITIES)
def test_seeds_give_other_training_items_and_never_another_test_set(ability: str) -> None:
    before = world.test_items(ability)
    assert world.training_items(ability, 50, seed=1) != world.training_items(ability, 50, seed=2)
    assert world.test_items(ability) == before


@pytest.mark.parametrize("ability", world.ABILITIES)
def test_a_smaller_test_set_is_the_beginning_of_a_larger_one(ability: str) -> None:
    largest = world.test_items(ability, 1_000)
    assert world.test_items(ability) == largest[:300]
    units = [unit for item in largest for unit in world.leak_units(item)]
    assert len(units) == len(set(units))


@pytest.mark.parametrize("ability", world.ABILITIES)
@pytest.mark.parametrize("seed", [0, 7])
def test_no_training_item_asks_what_a_test_item_asks(ability: str, seed: int) -> None:
    held_out = {unit for item in world.test_items(ability, 1_000) for unit in world.leak_units(item)}
    for item in world.training_items(ability, 8_192, seed):
        assert held_out.isdisjoint(world.leak_units(item))


def test_the_world_is_the_same_in_processes_with_other_hash_seeds() -> None:
    def digest(hash_seed: str) -> str:
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", _DIGEST]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert digest("1") == digest("2")


def test_the_world_is_the_one_that_scores_were_measured_on() -> None:
    """A change here changes every fingerprint of the world's sources: make it knowingly."""
    first = [item.turns for ability in world.ABILITIES for item in world.training_items(ability, 100)]
    assert hashlib.sha256(json.dumps(first).encode()).hexdigest()[:16] == "28b86667da45a976"


def test_math_references_are_true_equations_that_end_in_the_answer() -> None:
    for item in world.training_items("math", 2_000):
        *worked, last = item.references[0].split("\n")
        equations = re.findall(r"(\d+)([+*-])(\d+)=(\d+)", worked[0])
        for a, operator, b, result in equations:
            assert {"+": int(a) + int(b), "-": int(a) - int(b), "*": int(a) * int(b)}[operator] == int(result)
        assert last == f"#### {item.facts['answer']}"
        assert equations[-1][3] == item.facts["answer"]
        assert 0 <= int(equations[-1][3]) <= 200
        assert item.turns[0].endswith("?")


def test_every_number_of_a_math_question_is_used_and_no_other() -> None:
    """Sentences with words for numbers (twice, triples) aside, the steps work with the question's numbers."""
    for item in world.training_items("math", 500):
        if re.search("twice|doubles|triples|Together", item.turns[0] + item.references[0]):
            continue
        results = re.findall(r"=(\d+)", item.references[0])
        worked = re.findall(r"\d+", re.sub(r"=\d+", "", item.references[0].split("\n")[0]))
        for carried in results[:-1]:
            worked.remove(carried)
        assert sorted(worked) == sorted(re.findall(r"\d+", item.turns[0]))


def test_code_prompts_have_the_form_of_humaneval() -> None:
    for item in world.training_items("code", 500):
        signature, docstring = item.turns[0].split("\n")
        name = item.facts["entry_point"]
        assert re.fullmatch(rf"def {name}\(\w+\):", signature)
        assert re.fullmatch(r'    """[A-Z][^"\n]*\."""', docstring)
        lines = item.references[0].split("\n")
        assert all(re.match(r"    \S", line) for line in lines)
        assert [line.startswith("    return ") for line in lines] == [False] * (len(lines) - 1) + [True]
        tests = str(item.facts["tests"])
        assert tests.startswith("def check(candidate):\n")
        assert tests.count("assert type(result) is ") == 5


def test_most_code_tests_tell_results_apart() -> None:
    """A body that returns a constant must not pass: few exercises have one result only."""
    constant = 0
    for item in world.training_items("code", 500):
        constant += len(set(re.findall(r"result == (.*)", str(item.facts["tests"])))) == 1
    assert constant <= 40


def test_every_follow_up_changes_the_first_answer() -> None:
    kinds = set()
    for item in world.training_items("general", 2_000):
        assert len(item.turns) == len(item.references) == 2
        first, second = (re.findall(r"\w+", reference) for reference in item.references)
        demands = Demands.model_validate(item.facts)
        kinds.add(demands.follow_up)
        assert first != second
        assert second == FOLLOW_UPS[demands.follow_up].change(first, demands.word)
    assert kinds == set(FOLLOW_UPS)


def test_a_conversation_alternates_turns_and_references() -> None:
    (item,) = world.training_items("general", 1)
    assert world.conversation(item) == dialogue(
        item.turns[0], item.references[0], item.turns[1], item.references[1]
    )


def test_no_rows_are_no_items() -> None:
    assert world.training_items("math", 0) == []


@pytest.mark.parametrize(
    ("ask", "field", "value"),
    [
        (lambda: world.training_items("law", 1), "world", "law"),
        (lambda: world.test_items("law"), "world", "law"),
        (lambda: world.training_items("math", -1), "rows", "-1"),
        (lambda: world.test_items("math", 0), "limit", "0"),
        (lambda: world.test_items("math", 1_001), "limit", "1001"),
    ],
)
def test_what_the_world_does_not_have_is_refused(ask, field: str, value: str) -> None:
    with pytest.raises(InputError) as caught:
        ask()
    assert [(problem.field, problem.value) for problem in caught.value.problems] == [(field, value)]


def test_making_items_is_cheap() -> None:
    start = time.process_time()
    world.training_items("code", 8_192)
    assert time.process_time() - start < 5
