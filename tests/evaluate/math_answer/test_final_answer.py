import re
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.math_answer.final_answer import (
    boxed_answer,
    final_answer,
    final_number,
    numbers,
    shown,
    unboxed_answer,
)

FORMS = (
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

NUMBERS = ("18", "0", "1234", "1,234", "1{,}234", "1\\,234", "1,\\!234", "1,234,567", "2.5", "0.05", "18.00")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("written", [*NUMBERS, "-3"])
def test_a_number_is_found_in_every_form(form: str, written: str) -> None:
    if written == "-3" and not re.search(r"(?:[ \n*(]|^|####|box\{)\{\}", form.replace("{{", "{")):
        return  # `$-3`, `x-3` and the like are other questions
    wanted = Fraction(re.sub(r"[\\{,}!]", "", written))
    text = form.format(written)
    assert final_number(text).value == wanted
    assert final_number(form.format(f"7{written.lstrip('-')}")).value != wanted


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("#### 3\nno: #### 4", "3", "mark"),
        ("#### the answer is 10 for 3\nfor 4", "4", "last"),
        ("#### 10 = 10", "10", "mark"),
        ("##### 5\nSo 6", "6", "last"),
        ("It is 10 ####", "10", "last"),
        ("\\boxed{\\text{yes}}, it is 18", "18", "last"),
        ("\\boxed{\\frac{36}{2}} of 99", "18", "box"),
        ("\\boxed{2\\frac{1}{2}} of 99", "5/2", "box"),
        ("each takes 3/4", "3/4", "last"),
        ("each takes 3/0 or 5", "5", "last"),
        ("1.5e3", "1500", "last"),
        ("\uff11\uff18", "18", "last"),
        ("x = \N{MINUS SIGN}4", "-4", "last"),
        ("5-3", "3", "last"),
        ("1'234 francs", "1234", "last"),
        ("9" * 5000, None, "none"),
        ("It is ten.", None, "none"),
        ("...", None, "none"),
        ("\N{ARABIC-INDIC DIGIT THREE}", None, "none"),
        ("", None, "none"),
        ("so 12 makes \\boxed{1", None, "cut"),
        ("#### 18 makes \\boxed{1", "18", "mark"),
        ("\\boxed{18} and \\boxed{1", "18", "box"),
        ("<think> 12 and 13", None, "cut"),
        ("18 <think> or 19", None, "cut"),
    ],
)
def test_which_rule_finds_the_number(text: str, value: str | None, how: str) -> None:
    found = final_number(text)
    assert (found.value, found.how) == (None if value is None else Fraction(value), how)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,234", ["1234"]),
        ("$1,234,567.50!", ["1234567.50"]),
        ("$5, -$6, $-7 and 8%.", ["5", "-6", "-7", "8"]),
        ("7. And .5, 0.25; (3) *4* \\boxed{18}", ["7", "0.5", "0.25", "3", "4", "18"]),
        ("5-3 = 2 but 3-5 = -2", ["5", "3", "2", "3", "5", "-2"]),
        ("1, 2,3 and 12,34", ["1", "2", "3", "12", "34"]),
        ("1,2345", ["1", "2345"]),
        ("m^2, x_1, 10^{6} and 4", ["10", "4"]),
        ("$ . , - -- ... #### %", []),
    ],
)
def test_numbers_of_a_text(text: str, found: list[str]) -> None:
    assert numbers(text) == [Fraction(one) for one in found]


@given(st.sampled_from(["", "-", "$", "-$", "$-"]), st.integers(0), st.integers(0, 999))
def test_a_number_is_read_as_it_was_written_with_commas(before: str, whole: int, thousandths: int) -> None:
    wanted = Fraction(f"{before.replace('$', '')}{whole}.{thousandths:03}")
    assert numbers(f"It is {before}{whole:,}.{thousandths:03}.") == [wanted]
    assert Fraction(shown(wanted)) == wanted


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    found = final_number(text)
    assert (found.value is None) == (found.how in ("none", "cut"))
    formula = final_answer(text)
    assert (formula.text is None) == (formula.how in ("none", "cut"))
    assert formula.text != ""
    assert boxed_answer(f"\\boxed{{{text}}}") is not None or not text.strip() or set(text) & set("\\{}")


HOSTILE = {
    "open boxes": lambda n: "\\boxed{" * n,
    "nested boxes": lambda n: "\\boxed{" * n + "}" * n,
    "bare boxes": lambda n: "\\boxed " * n + "$",
    "marks": lambda n: "####" * n,
    "marks apart": lambda n: "#### " * n,
    "headings": lambda n: "#### 1. a\n" * n,
    "sums": lambda n: "####" + "1+1=" * n,
    "sums that are none": lambda n: "#### 1+=x" * n,
    "digits": lambda n: "9" * n,
    "thousands": lambda n: "1" + ",234" * n,
    "commas": lambda n: "1," * n,
    "fractions": lambda n: "\\frac{1}{" * n,
    "spaces": lambda n: "answer" + " *" * n,
    "answers": lambda n: "answer is " * n,
    "braces": lambda n: "{" * n + "}" * n,
    "thoughts": lambda n: "<think>" * n + "</think>" * n,
    "powers": lambda n: "9^" * n,
    "dollars": lambda n: "$" * n,
    "minus": lambda n: "-" * n + "1",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_are_read_in_linear_time(kind: str) -> None:
    began = time.process_time()
    text = HOSTILE[kind](30_000)
    final_number(text)
    final_answer(text)
    unboxed_answer(text)
    assert time.process_time() - began < 3, "a quadratic pattern takes minutes here"


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
    assert boxed_answer(text) == boxed


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
        ("The answer is $5 for Tom.", "$5"),
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
    assert unboxed_answer(text).text == said


def test_a_time_is_no_number() -> None:
    assert final_number("at 4:30").value is None
    assert final_number("18 eggs by 4:30").value == 18
    assert final_number("#### 4:30\n#### 18").value == 18
