import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.latex_spelling_pairs import OTHER, SAME

from raysft.evaluate.math_answer.latex_answer import LONGEST, normal_form, same_answer

FORMS = [
    ("", ""),
    (" 5 ", "5"),
    ("5.", "5"),
    ("$5$", "5"),
    (r"\(5\)", "5"),
    ("+5", "5"),
    ("007", "7"),
    ("\N{MINUS SIGN}5", "-5"),
    (r"\left( 3 ,4\right)", "(3, 4)"),
    (r"\left[0,\infty\right)", r"[0, \infty)"),
    (r"\lbrace 1,2 \rbrace", r"\{1, 2\}"),
    # braces
    (r"\dfrac{a}{b}", r"\frac{a}{b}"),
    (r"\frac ab", r"\frac{a}{b}"),
    (r"\tfrac\pi2", r"\frac{\pi}{2}"),
    (r"\frac{72}1x", r"\frac{72}{1}x"),
    (r"\sqrt3", r"\sqrt{3}"),
    (r"\sqrt[3]2", r"\sqrt[3]{2}"),
    (r"x^2_1", r"x^{2}_{1}"),
    (r"\dbinom n2", r"\binom{n}{2}"),
    (r"\pi  r", r"\pi r"),
    (r"2 \pi\!r", r"2\pi r"),
    # rationals
    ("0.50", r"\frac{1}{2}"),
    (".5", r"\frac{1}{2}"),
    ("-.5", r"-\frac{1}{2}"),
    ("1/2", r"\frac{1}{2}"),
    ("-3/6", r"-\frac{1}{2}"),
    (r"\frac12", r"\frac{1}{2}"),
    (r"\dfrac {2} {4}", r"\frac{1}{2}"),
    (r"\frac{-1}{2}", r"-\frac{1}{2}"),
    (r"-\frac{1}{-2}", r"\frac{1}{2}"),
    (r"\frac{0.5}{2}", r"\frac{1}{4}"),
    (r"\frac{6}{3}", "2"),
    ("4.0", "4"),
    (r"2\frac12", r"\frac{5}{2}"),
    ("2 1/2", r"\frac{5}{2}"),
    (r"-1\tfrac{3}{4}", r"-\frac{7}{4}"),
    (r"1\frac{5}{2}", r"1\frac{5}{2}"),
    (r"\frac{1}{0}", r"\frac{1}{0}"),
    ("1/0", r"\frac{1}{0}"),
    ("1/2/3", "1/2/3"),
    ("1.2.3", "1.2.3"),
    ("(0.5,-1/2)", r"(\frac{1}{2}, -\frac{1}{2})"),
    (r"[0,\frac{4}{2}]", "[0, 2]"),
    (r"\{0.5\}", r"\{\frac{1}{2}\}"),
    ("x^{1/2}", r"x^{\frac{1}{2}}"),
    (r"\sqrt{0.5}", r"\sqrt{\frac{1}{2}}"),
    (r"\begin{pmatrix} 1/2 \\ -0.5 & 3.0 \end{pmatrix}", None),
    (".5x", "0.5x"),
    ("x^1/2", r"\frac{x^{1}}{2}"),
    ("2x/4", r"\frac{2x}{4}"),
    # thousands
    ("1,234", "1234"),
    ("12,345,678.50", r"\frac{24691357}{2}"),
    ("1{,}234", "1234"),
    (r"32,\!348", "32348"),
    (r"10\,000", "10000"),
    ("1, 234", "1, 234"),
    ("(1,234)", "(1, 234)"),
    (r"(1{,}234,5)", "(1234, 5)"),
    ("12,34", "12, 34"),
    ("1,2345", "1, 2345"),
    ("0,100", "0, 100"),
    ("1,2,345", "1, 2, 345"),
    # units
    (r"90^\circ", "90"),
    (r"90^{\circ}", "90"),
    ("90°", "90"),
    ("36 degrees", "36"),
    (r"\$5.00", "5"),
    (r"50\%", "50"),
    ("50 percent", "50"),
    (r"12\text{ square feet}", "12"),
    (r"5 \mbox{ cm}^2", "5"),
    (r"5\mathrm{cm}^{3}", "5"),
    ("5 cm^2", "5"),
    ("60 miles per hour", "60"),
    (r"9\pi\text{ units}", r"9\pi"),
    (r"\text{13 days}", "13"),
    (r"\$5\text{ million}", "5million"),
    ("5 m", "5m"),
    ("x = 5 cm.", "5"),
    # words
    (r"\text{Evelyn}", "evelyn"),
    (r"\text{ odd }", "odd"),
    (r"\text{(C)}", "C"),
    (r"3\text{ or }4", "3or4"),
    (r"12_{\text{eight}}", "12_{eight}"),
    # names
    ("x=5", "5"),
    (r"x_1 = -\frac{3}{6}", r"-\frac{1}{2}"),
    (r"\theta = 30^\circ", "30"),
    ("f(x) = 2x", "2x"),
    (r"x\in [0,1]", "[0, 1]"),
    (r"x=\text{even}", "even"),
    ("x=1,y=2", "x=1, y=2"),
    ("0<x", "0<x"),
    ("5x+4=0", "5x+4=0"),
]


@pytest.mark.parametrize(("answer", "form"), FORMS)
def test_normal_forms(answer: str, form: str | None) -> None:
    wanted = form if form is not None else r"\begin{pmatrix}\frac{1}{2}\\-\frac{1}{2}&3\end{pmatrix}"
    assert normal_form(answer) == wanted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("5", "-5"),
        ("5", "5x"),
        ("5", "55"),
        ("0.5", "0.50001"),
        ("0.333", r"\frac{1}{3}"),
        ("50\\%", "0.5"),
        ("2 1/2", "21/2"),
        ("(1,2)", "[1,2]"),
        ("(1,2)", "(2,1)"),
        ("1,2", "12"),
        ("x<5", "x>5"),
        ("x=5", "x<5"),
        ("x", "X"),
        (r"\pi", "p"),
        (r"\frac{1}{2}", r"\frac{2}{1}"),
        (r"x^{2}", "x2"),
        (r"2\frac{1}{2}", "1"),
        ("3", r"3\text{ thousand}"),
        ("52_8", "528"),
    ],
)
def test_other_answers_are_other_answers(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_pairs_that_are_not_the_same(one: str, other: str) -> None:
    assert not same_answer(one, other)
    assert not same_answer(other, one)


def test_pairs_that_are_the_same() -> None:
    missed = [pair for pair in SAME if not (same_answer(*pair) and same_answer(*reversed(pair)))]
    unknown = {r"]-\infty,3[", r"\frac{1}{6}\pi", "(3,\u03c0/2)"}
    assert all(unknown & set(pair) for pair in missed), "what the module says is not covered, and no other"


FRACTION = st.builds(Fraction, st.integers(-(10**9), 10**9), st.integers(1, 10**6))
COMMANDS = ["\\", "\\frac", "\\sqrt", "\\text{", "\\text{cm}", "\\pi", "\\in", "\\left", "\\circ", "\\end"]
SIGNS = ["\\\\", "\\{", "\\}", "\\!", "\\,", "{,}", "cm", "percent", "000", *"{}()[]0123.,-+/=<|&^_ %$x"]
LATEX = st.lists(st.sampled_from(COMMANDS + SIGNS), max_size=30).map("".join)


@given(FRACTION)
def test_a_rational_is_one_answer_in_every_spelling(value: Fraction) -> None:
    top, bottom = value.numerator, value.denominator
    whole, rest = divmod(abs(top), bottom)
    sign = "-" if value < 0 else ""
    spelled = [f"{top}/{bottom}", rf"\frac{{{top}}}{{{bottom}}}", rf"\dfrac {{{3 * top}}} {{{3 * bottom}}}"]
    spelled += [rf"{sign}\frac{{{-abs(top)}}}{{-{bottom}}}", rf"x = {top}/{bottom} \text{{ cm}}"]
    spelled += [f"{top}.0"] if bottom == 1 else []
    spelled += [rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}"] if whole and rest else []
    assert {normal_form(one) for one in spelled} == {normal_form(str(value))}


@given(FRACTION, FRACTION)
def test_two_rationals_are_the_same_only_if_they_are_equal(one: Fraction, other: Fraction) -> None:
    assert same_answer(str(one), str(other)) == (one == other)


@given(st.integers(0, 10**12), st.integers(0, 999))
def test_thousands_and_decimals_are_read_exactly(whole: int, thousandths: int) -> None:
    exact = Fraction(whole * 1000 + thousandths, 1000)
    assert same_answer(f"{whole:,}.{thousandths:03}", str(exact))
    assert same_answer(f"{whole:,}".replace(",", "{,}"), str(whole))


@settings(max_examples=1000)
@given(st.one_of(LATEX, st.text(max_size=50)))
def test_a_normal_form_is_its_own_and_an_answer_equals_itself(answer: str) -> None:
    form = normal_form(answer)
    assert form is not None
    assert normal_form(form) == form
    assert same_answer(answer, answer)


@given(LATEX, LATEX)
def test_the_same_is_the_same_both_ways(one: str, other: str) -> None:
    assert same_answer(one, other) == same_answer(other, one)


def test_an_answer_that_is_too_long_equals_only_itself() -> None:
    long = "1" * (LONGEST + 1)
    assert normal_form(long) is None
    assert same_answer(long, long)
    assert not same_answer(long, f"{long} ")
    assert not same_answer(long, "x" * (LONGEST + 1))


@pytest.mark.parametrize(
    "piece",
    ["9", "\\frac", "{", "\\text{", "percent", "in", ",234", "1/", "1 ", "^", "(", ".", "x=", "\\sqrt[", " "],
)
def test_hostile_answers_take_no_time(piece: str) -> None:
    answer = ("5" + piece * LONGEST)[:LONGEST]
    began = time.process_time()
    normal_form(answer)
    assert time.process_time() - began < 1
