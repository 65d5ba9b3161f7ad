import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from raysft.data.clean.words import plain_words, run_hashes, word_hashes, written_words


def test_written_words_keep_their_marks():
    assert written_words("What is 2+2?\n\tÄH, 2 - 2") == ["what", "is", "2+2?", "äh,", "2", "-", "2"]


def test_plain_words_are_letters_and_digits():
    assert plain_words("Don't f(a_b,\nC)! 1,5 ÄÖ") == ["don", "t", "f", "a", "b", "c", "1", "5", "äö"]


def test_characters_of_scripts_without_spaces_are_words():
    assert written_words("什么是Rust。") == ["什", "么", "是", "rust。"]
    assert plain_words("什么是Rust。") == ["什", "么", "是", "rust"]
    assert plain_words("これ") == ["こ", "れ"]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 5))
def test_equal_runs_have_equal_numbers_and_others_have_not(words, length):
    numbers = run_hashes(word_hashes(words), length)
    runs = [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
    assert len(numbers) == len(runs)
    assert len(set(numbers.tolist())) == len(set(runs))
    assert len(set(zip(numbers.tolist(), runs, strict=True))) == len(set(runs))


def test_numbers_are_the_same_in_another_process():
    code = (
        "from raysft.data.clean.words import *; "
        "print(run_hashes(word_hashes(['a', 'b', 'a', 'ü']), 2).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(run_hashes(word_hashes(["a", "b", "a", "ü"]), 2).tolist())


def test_no_words_have_no_numbers():
    assert word_hashes([]).dtype == np.uint64
    assert len(run_hashes(word_hashes([]), 3)) == 0
