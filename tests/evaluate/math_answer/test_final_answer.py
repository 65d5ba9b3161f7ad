import json
import time
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.math_answer.final_answer import (
    final_box,
    final_expression,
    final_number,
    said_answer,
    said_text,
)
from raysft.evaluate.math_answer.written_numbers import written

FORMS = r"""
#### {n}
####{n}
#### {n}.
#### ${n}
#### {n}%
#### **{n}**
#### \boxed{{{n}}}
#### $\boxed{{{n}}}$
#### Answer: {n}
#### The answer is {n}
#### The final answer is: ${n}$
#### \({n}\)
#### = {n}
#### {n} eggs in 7 days
#### {n}.00
#### {c}
#### {s}
#### €{n}
#### 7 + 5 = {n}
#### x = {n}
#### ({n})
#### "{n}"
#####  {n}
#### {n}\n\nQuestion: Tom has 5 pens.\nAnswer: 5\n#### 5
#### {n}\n#### {n}\n#### {n}\n#### 4
#### Step 2\nSo the answer is {n}.
#### 1. First\n7 eggs.\n#### 2. Then\nSo {n}.
#### Final Answer\n\n{n}
####\n{n}
The answer is {n}
The answer is: {n}
Final Answer: {n}
**Answer: {n} dollars**
Tom makes ${n}.00.
= {n}.
It is {n} m^2.
so 2 × 7 = {c}!
\boxed{{{n}}}
$\boxed{{{n}}}$ by buying 18 flowers
\boxed{{\${n}}}
\boxed{{{n}\text{{ eggs}}}}
\boxed{{{n} \text{{ eggs in }} 7 \text{{ days}}}}
\boxed{{{c}}}
\boxed{{{l}}}
$\boxed {n}$
\fbox{{{n}}}
\boxed{{\boxed{{{n}}}}}
\boxed{{x = {n}}}
\boxed{{7 + 5 = {n}}}
\boxed{{}} or \boxed{{{n}}}
\[ \boxed{{{n}}} \]
${l}$
{t}
{w}
48/2=<<48/2=24>>24 and <<24-4={n}>>{n}
<think>\n12, no, 15\n</think>\n{n}
<think>#### 12 \boxed{{3}}</think>\boxed{{{n}}}
<answer>{n}</answer>
So the total is {n} (that is {n})
""".strip().split("\n")


MORE_FORMS = (
    "{}",
    "{}.",
    "**{}**",
    "Answer: {}",
    "The answer is {}.",
    "The answer is: {}",
    "The final answer is **{}**.",
    "Final Answer: **{}**",
    "So 2 + 3 makes {} dollars.",
    "It costs ${}.",
    "It costs \\${}.",
    "That is {}%",
    "3 * 6 = {}",
    "3 * 6 = <<3*6={0}>>{0}",
    "x = {} eggs",
    "Step 1: 3\nStep 2: 4\nTherefore {}",
    "1. Add 2.\n2. Take {}",
    "$$x = {}$$",
    "\\[ {} \\]",
    "\\({}\\)",
    "({})",
    "\u201c{}\u201d",
    "an area of {} m^2",
    "an area of {} $m^{{2}}$",
    "an area of {} m\u00b2",
    "#### {}",
    "####{}",
    "####  {}",
    "####\n{}",
    "#### **{}**",
    "#### ${}",
    "#### \\${}",
    "#### {}%",
    "#### {}.",
    "#### Answer: {}",
    "#### The answer\n#### {}",
    "#### {} eggs in 7 days",
    "#### 3 + 4 = {}",
    "#### \\boxed{{{}}}",
    "#### $\\boxed{{{}}}$",
    "#### {}\nThat is for 2 days.",
    "#### {}\n\nQuestion: what is 3?\n#### 10",
    "#### Step 2\nAdd 5.\n#### Step 3\nSo it is {}",
    "#### 1. Add\n5\n#### 2. Take away\nSo it is {}",
    "saves $\\boxed{{{}}}$ by buying 17 flowers",
    "\\boxed{{{}}}",
    "\\fbox{{{}}} in 2 days",
    "$\\boxed {}$ in 2 days",
    "\\boxed{{{}\\text{{ eggs}}}} in 2 days",
    "\\boxed{{{} \\text{{ eggs in 7 days}}}}",
    "\\boxed{{{} eggs}} of 99",
    "\\boxed{{\\${}}} of 99",
    "\\boxed{{x = {}}} of 99",
    "\\boxed{{3+4={}}} of 99",
    "\\boxed{{\\textbf{{{}}}}} of 99",
    "\\boxed{{5}} no, \\boxed{{{}}} of 99",
    "\\boxed{{{}}} and \\boxed{{}} of 99",
    "<think>\nis it 12? #### 12\n</think>\n{}",
    "is it \\boxed{{12}}?\n</think>\n\nIt is {}",
)
"""Ways in which models end an answer, with a place for the number."""


def spelled(form: str, number: int) -> str:
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))
    grouped = f"{number:,}"
    parts = {
        "n": number,
        "c": grouped,
        "l": grouped.replace(",", "{,}"),
        "t": grouped.replace(",", "\\,"),
        "s": grouped.replace(",", " "),
        "w": wide,
    }
    return form.replace("\\n", "\n").format(**parts)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_number_and_no_other(form: str) -> None:
    for number in (0, 6, 18, 113, 1_080, 25_000, 109_200_000):
        assert final_number(spelled(form, number)).value == number


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        (r"saves $\boxed{6}$ by buying 18 flowers", "6", "box"),
        ("#### -3", "-3", "mark"),
        ("#### \N{MINUS SIGN}3", "-3", "mark"),
        ("#### $-18$", "-18", "mark"),
        ("#### 18/3", "6", "mark"),
        ("#### 4:30\n#### 18", "18", "mark"),
        ("#### Final Answer\n\n3 apples and 4 make 7", "7", "last"),
        (r"\boxed{x} or 4", "4", "last"),
        (r"\boxed{3} or \boxed{\text{three}}", "3", "box"),
        ("18 dollars in 7 days", "7", "last"),
        ("2 million", "2", "last"),
        ("at 4:30", None, None),
        ("It is ten.", None, None),
        ("", None, None),
        ("...", None, None),
        ("9" * 5000, None, "last"),
        # cut off
        (r"so \boxed{1", None, "cut off"),
        (r"I had 5, so $\boxed{\text{x} = 1", None, "cut off"),
        (r"\boxed{18} and again \boxed{1", "18", "box"),
        ("\\boxed{18\n\nSo it is 18.", "18", "last"),
        ("<think> it is 12", None, None),
        ("<think> 3 </think> 4 <think> 5", "4", "last"),
    ],
)
def test_marks_come_before_boxes_and_boxes_before_the_last_number(
    text: str, value: str | None, how: str | None
) -> None:
    found = final_number(text)
    assert (None if found.value is None else written(found.value), found.how) == (value, how)


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("#### 1", None, "cut off"),
        ("It is 1,", None, "cut off"),
        ("The answer is 18. The answer is 1", 18, "last"),
        ("#### 18\n#### 1", 18, "mark"),
        ("#### 18 and", 18, "mark"),
        (r"\boxed{18}", 18, "box"),
    ],
)
def test_a_number_that_the_limit_ended_is_not_read(text: str, value: int | None, how: str) -> None:
    found = final_number(text, cut=True)
    assert (found.value, found.how) == (value, how)


@pytest.mark.parametrize("form", FORMS)
def test_another_number_never_passes(form: str) -> None:
    for number in (6, 18, 1_080):
        for wrong in (number + 1, number * 10, -number, number * 1000):
            assert final_number(spelled(form, number)).value != Fraction(wrong)


@pytest.mark.slow
def test_every_form_of_every_published_answer(tmp_path: Path) -> None:
    """On whatever numbers GSM8K's answers may hold: all to 1,500 and some of each length."""
    numbers = [*range(1500), *(3 * 10**power + 7 for power in range(3, 9))]
    wrong = [
        json.dumps([form, number])
        for form in FORMS
        for number in numbers
        if final_number(spelled(form, number)).value != number
    ]
    assert wrong == []


def test_a_thought_is_not_said_and_neither_are_calculator_marks() -> None:
    assert said_text("<think>a</think>b") == "b"
    assert said_text("a</think>b</THINKING>c") == "c"
    assert said_text("a<think>b") == "a"
    assert said_text("48/2=<<48/2=24>>24") == "48/2=24"


def test_expressions_are_read_from_boxes_first() -> None:
    found = final_expression("#### 3\nso \\boxed{\\frac12} of 4")
    assert (found.text, found.how) == (r"\frac12", "box")
    assert final_expression("The answer is x+1.").how == "said"
    assert final_expression("I get 4").how == "last"
    assert final_expression(r"4, so \boxed{\frac{1").how == "cut off"
    assert final_expression("I get 4", cut=True).how == "cut off"
    assert final_expression("Nobody knows.").how is None


def seconds(text: str) -> float:
    began = time.process_time()
    for cut in (False, True):
        final_number(text, cut=cut)
        final_expression(text, cut=cut)
    return time.process_time() - began


HOSTILE = [
    "#",
    "{",
    "}",
    "\\boxed{",
    "\\boxed ",
    "\\boxed",
    "####",
    "#### ",
    "####\n1",
    "#### 1:",
    "#### 1=",
    "1 ",
]
HOSTILE += [
    "<think>",
    "</think>",
    "<<1",
    "\n",
    " ",
    "=",
    "\\(",
    "answer is ",
    "answer *",
    "$1",
    "#### 1. a",
    "\\fbox9",
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_the_work_grows_with_the_text_and_no_faster(piece: str) -> None:
    short, long = (seconds((piece * size)[:size]) for size in (12_500, 100_000))
    assert long < 24 * short + 0.2  # eight times the text; the square would be 64 times the work


@pytest.mark.parametrize(
    ("text", "boxed"),
    [
        (r"so \boxed{5}.", "5"),
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\fbox{1} \boxed{2} \fbox{3}", "3"),
        (r"\boxed{\frac{1}{\sqrt{2}}}", r"\frac{1}{\sqrt{2}}"),
        (r"\boxed{\boxed{2}}", "2"),
        (r"\boxed{ \{1,2\} }", r"\{1,2\}"),
        (r"\boxed{\left\{ x \right.}", r"\left\{ x \right."),
        (r"\boxed{a\\}", r"a\\"),
        (r"{ }} \boxed {7} }", "7"),
        ("\\boxed{\n4\n}", "4"),
        (r"$\boxed 3$.", "3"),
        (r"$x=\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"\boxed{1} and now \boxed{\frac{2", "1"),
        (r"\boxed{5", None),
        (r"\boxed{}", None),
        (r"put it in \boxed, please", None),
        (r"\boxedanswer{5}", None),
        (r"boxed{5}", None),
        ("", None),
    ],
)
def test_the_last_closed_box_counts(text: str, boxed: str | None) -> None:
    assert final_box(text) == boxed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The answer is 5.", "5"),
        ("The answer is 3.5. So 4 is wrong.", "3.5"),
        ("The answer is 4. No, the final answer is: **-12**.", "-12"),
        ("Answer:\n\n$$x = 7$$", "x = 7"),
        (r"The answer is \(x+1\) since 3 is prime.", "x+1"),
        (r"The answer is $\frac{1}{2}$ because $x=2$.", r"\frac{1}{2}"),
        (r"The answer is $\boxed{5}$.", "5"),
        ("The answer is 5 apples in 2 baskets, or so", "2"),
        ("The answer is $5 for Tom.", "5"),
        ("The answer is x^2+xy+1.", "x^2+xy+1"),
        ("The answer is Evelyn.", "Evelyn"),
        ("2+3=5\n#### 5\nThat was 1 step.", "5"),
        ("I get 3 and then 4", "4"),
        ("3 - 4 = -1", "-1"),
        ("from 5-3", "3"),
        ("It costs -$1,234.50!", "-$1,234.50"),
        (r"It is \frac{3}{4} or so", r"\frac{3}{4}"),
        (r"It is -2\dfrac12", r"-2\dfrac12"),
        ("It is 3/4.", "3/4"),
        ("4 remain. The answer is", "4"),
        ("4 remain. The answer is ...", "4"),
        ("Nobody knows.", None),
        ("The answer is !", None),
        ("", None),
    ],
)
def test_what_a_text_says_to_be_its_answer(text: str, said: str | None) -> None:
    assert said_answer(text) == said


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert final_box(f"\\boxed{{{text}}}") is not None or not text.strip() or set(text) & set("\\{}")
    assert said_answer(text) != ""


@pytest.mark.parametrize("form", MORE_FORMS)
@pytest.mark.parametrize("number", ["18", "0", "1234", "1,234", "1{,}234", "1\\,234", "2.5", "0.05", "18.00"])
def test_further_forms_say_the_number_and_no_other(form: str, number: str) -> None:
    wanted = Fraction(number.replace("{,}", "").replace("\\,", "").replace(",", ""))
    assert final_number(form.format(number)).value == wanted
    assert final_number(form.format(f"7{number}")).value != wanted


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("#### 18 + 5", "23"),
        ("#### 18 x 2", "36"),
        ("#### $18 - $4", "14"),
        ("\\boxed{18 + 3} of 99", "21"),
        ("\\boxed{18 \\times 21}", "378"),
        ("\\boxed{x = 18 \\cdot 2}", "36"),
        ("#### 18 - the answer", "18"),
        ("#### 18-hour", "18"),
        ("work 3\n#### 18. He needs 4 more.", "18"),
        ("#### 1. Add\n3 + 4 = 7", "7"),
    ],
)
def test_terms_without_a_result_are_worked_out_and_a_lone_heading_is_none(text: str, value: str) -> None:
    assert final_number(text).value == Fraction(value)
