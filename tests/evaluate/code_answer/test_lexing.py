import io
import tokenize

from hypothesis import given
from hypothesis import strategies as st

from raysft.evaluate.code_answer.lexing import lexed, replaced_outside_strings

TEXT = '''x = """a
  b 'c' \\"""
"""  # it's "open
y = 'a\\
b'
z = [r'\\'', (
    "#"), {}]
s = "a""" + \\
    1
'''
PIECE = st.sampled_from(
    [
        "a = 1\n",
        "s = '''x\n y\"\n'''\n",
        't = "\'"\n',
        "# don't\n",
        "u = [\n  1,\n]\n",
        "v = '\\''\n",
        'w = ""\n',
    ]
)


def test_lines_inside_strings_and_statements_are_known() -> None:
    marks = [(inside, going_on) for _, inside, going_on in lexed(TEXT.split("\n"))]
    assert [inside for inside, _ in marks] == [
        False,
        True,
        True,
        False,
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert [place for place, (_, going_on) in enumerate(marks) if going_on] == [1, 2, 4, 6, 8]


@given(st.lists(PIECE).map("".join))
def test_strings_are_those_of_pythons_own_tokeniser(text: str) -> None:
    inside: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.STRING:
            inside |= set(range(token.start[0] + 1, token.end[0] + 1))
    assert {n for n, (_, marked, _) in enumerate(lexed(text.split("\n")), 1) if marked} == inside


def test_characters_are_replaced_outside_strings_only() -> None:
    lines = ['a~= \'~\' + """~', '~""" + ~x # \'~']
    assert replaced_outside_strings(lines, {ord("~"): "-"}) == ['a-= \'~\' + """~', '~""" + -x # \'-']
