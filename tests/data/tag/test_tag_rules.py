import time
from pathlib import Path

import pytest

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tag.tag_rules import DEFAULT_RULES, Rule, RuleTagger, read_rules
from raysft.errors import InputError


def tags(rule: dict[str, object], conversation: Conversation) -> bool:
    return RuleTagger({"it": Rule.model_validate(rule)})(conversation) == ["it"]


TALK = Conversation(
    (
        Message("system", "be brief"),
        Message("user", "aa a.b"),
        Message("assistant", "first\n  second a"),
        Message("user", "aa"),
        Message("assistant", "none"),
    )
)


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        ({"any": ["brief", "nowhere"]}, True),
        ({"any": "brief"}, True),
        ({"any": ["nowhere"]}, False),
        ({"any": ["BRIEF"]}, False),
        ({"any": ["a.b"]}, True),
        ({"any": ["s.c"]}, False),
        ({"any": ["brief"], "role": "user"}, False),
        ({"any": ["brief"], "role": "system"}, True),
        ({"any": ["aa"], "at_least": 2}, True),
        ({"any": ["aa"], "at_least": 3}, False),
        ({"any": ["aa"], "role": "user", "at_least": 2}, True),
        ({"matches": r"^\s*second"}, True),
        ({"matches": r"^second", "role": "assistant"}, False),
        ({"matches": r"first$"}, True),
        ({"matches": r"(?i)BRIEF"}, True),
        ({"matches": "aa", "any": ["first"], "at_least": 3}, True),
        ({"matches": "aa", "any": ["first"], "at_least": 4}, False),
        ({"any": ["a", "aa"], "role": "user", "at_least": 3}, True),
        ({"any": ["a", "aa"], "role": "user", "at_least": 4}, False),
    ],
)
def test_a_rule_counts_hits_in_the_messages_of_its_role(rule: dict[str, object], fits: bool) -> None:
    assert tags(rule, TALK) is fits


def test_tags_come_in_the_order_of_the_rules() -> None:
    rules = {"z": Rule.model_validate({"any": "aa"}), "a": Rule.model_validate({"any": "first"})}
    assert RuleTagger(rules)(TALK) == ["z", "a"]


def test_rules_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        'code: {any: ["```", "def "], role: user, at_least: 1}\nmath: {matches: \'\\d\\s*[-+]\\s*\\d\'}\n'
    )
    tagger = RuleTagger(read_rules(str(tmp_path / "rules.yaml")))
    assert tagger(dialogue("def f", "2 + 3")) == ["code", "math"]
    assert tagger(dialogue("hi", "def f")) == []


def test_everything_that_is_wrong_with_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(
        "a: {any: x, role: usr}\nb: {matches: '('}\nc: {}\nd: {any: ['']}\ne: {any: x, more: 1}\nf: 7\n"
    )
    with pytest.raises(InputError) as caught:
        read_rules(str(tmp_path / "rules.yaml"))
    fields = [problem.field for problem in caught.value.problems]
    assert fields == [
        "--rules.a.role",
        "--rules.b.matches",
        "--rules.c",
        "--rules.d",
        "--rules.e.more",
        "--rules.f",
    ]


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", ""])
def test_a_file_that_holds_no_rules(tmp_path: Path, text: str) -> None:
    (tmp_path / "rules.yaml").write_text(text)
    with pytest.raises(InputError, match="--rules"):
        read_rules(str(tmp_path / "rules.yaml"))
    with pytest.raises(InputError, match="--rules"):
        read_rules(str(tmp_path / "nothing.yaml"))


DEFAULT = RuleTagger(read_rules("default"))

CODE = [
    ("Write a function.", "def add(a, b):\n    return a + b"),
    ("How do I sort a list in Python?", "Call its method."),
    ("Find the rich ones.", "SELECT name\nFROM people\nWHERE money > 10;"),
    ("A button, please.", '<button type="button">Click</button>'),
    ("Say hello.", '#include <stdio.h>\nint main() {\n  printf("hello");\n}'),
    ("Sum it.", "```\nx = sum(xs)\n```"),
    ("Make it red.", "p {\n  color: red;\n}"),
]
MATH = [
    ("Tom has 3 apples and buys 4 more. How many does he have altogether?", "3 + 4 = 7"),
    ("What is 12 × 12?", "144"),
    ("Solve x^2 = 9.", "3 or −3"),
    ("Simplify.", r"\frac{1}{2}"),
    ("Find the area of the 3 by 4 rectangle.", "It is 12."),
]
NEITHER = [
    ("Describe how to make crepes.", "1. Mix flour, milk and eggs.\n2. Fry thin layers for 2 minutes."),
    ("Who was Ada Lovelace?", "A mathematician, born in 1815, who wrote about the Analytical Engine."),
    ("Write a letter to import goods from China.", "Dear Sir,\nif you agree, we order 20 boxes."),
    ("Give me the phone number.", "It is 555-0199, open 9-17, from 2001/02/03."),
    ("Why do pandas eat bamboo?", "There is little else where they live."),
]


@pytest.mark.parametrize("turns", CODE)
def test_the_default_rules_find_code(turns: tuple[str, str]) -> None:
    assert "code" in DEFAULT(dialogue(*turns))


@pytest.mark.parametrize("turns", MATH)
def test_the_default_rules_find_calculation(turns: tuple[str, str]) -> None:
    assert DEFAULT(dialogue(*turns)) == ["math"]


@pytest.mark.parametrize("turns", NEITHER)
def test_the_default_rules_leave_the_rest_alone(turns: tuple[str, str]) -> None:
    assert DEFAULT(dialogue(*turns)) == []


REPEATED = [
    "1-",
    "1/",
    " ",
    "function ",
    "import a,",
    "class a ",
    "</",
    "how many ",
    "SELECT ",
    "a.",
    "if (",
    "\n ",
]


@pytest.mark.parametrize("unit", REPEATED)
@pytest.mark.parametrize("end", ["", ".", "="])
def test_no_text_takes_the_default_rules_more_than_time_in_its_length(unit: str, end: str) -> None:
    def seconds(length: int) -> float:
        text = unit * (length // len(unit)) + end
        begun = time.process_time()
        RuleTagger(DEFAULT_RULES)(dialogue(text, "x"))
        return time.process_time() - begun

    short, long = seconds(5_000), seconds(80_000)
    assert long < 16 * short * 5 + 0.2, "time squared would be 256 times as long"
