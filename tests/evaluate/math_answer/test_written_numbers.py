import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.math_answer.written_numbers import LONGEST, number_at, numbers, plain, written


def found(text: str) -> list[str]:
    return [str(one.value) if one.value is None else written(one.value) for one in numbers(plain(text))]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1,234", ["1234"]),
        ("$1,234,567.50!", ["1234567.5"]),
        ("$5, -$6, $-7 and 8%.", ["5", "-6", "-7", "8"]),
        ("7. And .5, 0.25; (3) *4* \\boxed{18}", ["7", "0.5", "0.25", "3", "4", "18"]),
        ("5-3 = 2 but 3-5 = -2", ["5", "3", "2", "3", "5", "-2"]),
        ("x = \N{MINUS SIGN}4 or \N{EN DASH}5", ["-4", "-5"]),
        ("1, 2,3 and 12,34", ["1", "2", "3", "12", "34"]),
        ("1,2345", ["1", "2345"]),
        # thousands
        ("8{,}000 8\\,000 8,\\!000 8'000 8_000", ["8000"] * 5),
        ("8\N{NO-BREAK SPACE}000 8\N{THIN SPACE}000 8\N{NARROW NO-BREAK SPACE}000", ["8000"] * 3),
        ("1,00,000 and 1.234,56", ["100000", "1234.56"]),
        ("70 000", ["70", "0"]),
        # fractions and powers
        ("18/3, 2 1/2, 2\\frac12, \\dfrac{1}{3}, 1/0", ["6", "2.5", "2.5", "1/3"]),
        ("1e3, 2 \\times 10^{3}, 2 × 10^2, 1e999", ["1000", "2000", "200", "1", "999"]),
        ("2^5 cm^3 m^{2} 9\N{SUPERSCRIPT TWO} m\N{SUPERSCRIPT TWO}", []),
        ("90^\\circ", ["90"]),
        # neither
        ("at 4:30, 3:4, on 1/2/2020", []),
        ("", []),
        ("$ . , - -- ... #### %", []),
        ("nothing at all, eighteen", []),
        # other scripts
        ("\N{FULLWIDTH DIGIT ONE}\N{FULLWIDTH DIGIT EIGHT}", ["18"]),
        ("\N{ARABIC-INDIC DIGIT THREE}\N{DEVANAGARI DIGIT FOUR}", ["34"]),
    ],
)
def test_numbers_of_a_text(text: str, wanted: list[str]) -> None:
    assert found(text) == wanted


@given(st.sampled_from(["", "-", "$", "-$", "$-"]), st.integers(0), st.integers(0, 999))
def test_a_number_is_read_as_it_was_written_with_commas(before: str, whole: int, thousandths: int) -> None:
    wanted = Fraction(f"{before.replace('$', '')}{whole}.{thousandths:03}")
    assert [one.value for one in numbers(f"It is {before}{whole:,}.{thousandths:03}.")] == [wanted]


@given(st.fractions(max_denominator=10**6))
def test_a_number_that_is_written_is_read_again(value: Fraction) -> None:
    number = number_at(written(value), 0)
    assert number is not None
    assert number.value == value


@given(st.text())
def test_a_plain_text_is_plain(text: str) -> None:
    assert found(plain(text)) == found(text)


def test_a_number_that_is_too_long_is_found_and_has_no_value() -> None:
    (number,) = numbers("9" * (LONGEST + 1))
    assert number.value is None
    assert found("9" * 10**6) == ["None"]


def seconds(text: str) -> float:
    began = time.process_time()
    sum(1 for _ in numbers(plain(text)))
    return time.process_time() - began


@pytest.mark.parametrize(
    "piece",
    ["9", ",", "1,", "1,234", "1/", "1:", "1.", "1 ", "1e", "2^", "-", "$", "\\frac{1}{", "1,00", "{,}"],
)
def test_the_work_grows_with_the_text_and_no_faster(piece: str) -> None:
    short, long = (seconds((piece * size)[:size]) for size in (20_000, 160_000))
    assert long < 24 * short + 0.2  # eight times the text; the square would be 64 times the work
