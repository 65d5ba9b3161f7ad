"""The forms of a row that people have, each read into a conversation: one table.

    messages           {"messages": [{"role": "user", "content": …}, …]}, as OpenAI writes them
    sharegpt           {"conversations": [{"from": "human", "value": …}, …]}, or "conversation"
    alpaca             {"instruction": …, "input": …, "output": …}, or "context" and "response": Alpaca, Dolly
    gsm8k              {"question": …, "answer": …}
    prompt_completion  {"prompt": …, "completion": …}, or "response"; both may be lists of messages
    query_response     {"query": …, "response": …}: GSM8K-RFT, MetaMath
    problem_solution   {"problem": …, "solution": …}
    question_response  {"system_prompt": …, "question": …, "response": …}: OpenOrca
    input_output       {"input": …, "output": …}, or "target"
    user_assistant     {"user": …, "assistant": …}
    inputs_targets     {"inputs": …, "targets": …}: FLAN, Aya
    text               {"text": …}, or a plain string
    ultrachat          {"data": ["question", "answer", …]}

A list of turns is written in many ways, and each is read under any of the keys: role and content, from and
value, question and answer pairs, plain texts in turn, all of it as JSON in a text. Beside the keys above are
read: a system text, `history`, `input` and `context` behind a question, reasoning, marks of the turns that
are not learnt, and lists of parts that are text. Refused is what cannot be carried: tools, pictures, sounds,
fractional weights. Every other key with a value is counted as not used.

Texts are kept as they are, white space included, with one exception: the calculator annotations of GSM8K
(`<<48/2=24>>`) are removed from the answers of `gsm8k` and `query_response`, because training on them would
teach marks that nobody answers with. What is not a sum with its result, in one line, is no such annotation:
`cout << n; cin >> n` and `cat <<EOF` stay. A prompt that already holds somebody's template, such as Alpaca's
"### Instruction:", is not unwrapped.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from raysft.data.conversation import Conversation, Message
from raysft.data.read.forms.fields import Fields, Malformed, Reading, Refused, is_empty, text
from raysft.data.read.forms.message import ROLE_KEYS, as_marked, is_row_learnt
from raysft.data.read.forms.order import ordered
from raysft.data.read.forms.pair import PairForm
from raysft.data.read.forms.refused import is_message, refuse_uncarried, refuse_unwanted, why_no_form
from raysft.data.read.forms.turns import turns, with_system
from raysft.errors import Problem

_SIGNS = r"-+*/().,%$x \t"
_CALCULATOR = re.compile(rf"<<[{_SIGNS}]*[0-9][{_SIGNS}0-9]*=[{_SIGNS}0-9=]*>>")


@dataclass(frozen=True)
class Format:
    """One form of a row."""

    keys: frozenset[str]
    """A row that has all of these, and one of `one_of`, is of this form, unless an earlier one fits."""
    one_of: tuple[str, ...]
    read: Callable[[object, Reading], Conversation]
    """Raises `Malformed`."""
    example: str
    """A right row, for messages."""

    def fits(self, keys: Collection[str]) -> bool:
        """Whether a row with some keys that have a value is of this form."""
        return self.keys.issubset(keys) and (not self.one_of or any(key in keys for key in self.one_of))


@dataclass(frozen=True)
class ReadRow:
    """What a row says."""

    conversation: Conversation
    unused: tuple[str, ...] = ()
    """Keys with a value that is not read, `messages[].name` inside messages, once for each place."""
    cleaned: tuple[str, ...] = ()
    """Rules that changed it."""


def parse_row(name: str, where: str, value: object, clean: Collection[str] = ()) -> ReadRow | Problem:
    """Read one row.

    Args:
        name: a name in `FORMATS`.
        where: file and line, for the problem.
        value: the row as JSON gives it.
        clean: rules that are on; see `raysft.data.read.forms.order`.
    """
    form, reading = FORMATS[name], Reading(clean)
    try:
        conversation = form.read(_plain(value), reading)
    except Refused as refused:
        return Problem(where, short(value), str(refused))
    except Malformed as wrong:
        cause = why_no_form(value)
        return Problem(where, short(value), cause or f"{wrong}; a right row of format {name}: {form.example}")
    return ReadRow(conversation, tuple(reading.unused), tuple(reading.cleaned))


class RowFormats:
    """The formats of the rows of one file: the one that is said, or with `auto` each row's own.

    A row whose keys fit no format is held to that of the row before it, so that it is told what is wrong with
    it. Before the first row that fits one, no format is known.
    """

    def __init__(self, said: str) -> None:
        self._auto = said == "auto"
        self._form = "" if self._auto else said

    def of(self, value: object) -> str:
        """The format to read a row by; nothing where none is known."""
        if self._auto:
            self._form = _fitting(value) or self._form
        return self._form


def _plain(value: object) -> object:
    """A row as the formats know it: `Question` is `question`, and a list of messages is under `messages`."""
    if (
        isinstance(value, list)
        and value
        and isinstance(value[0], Mapping)
        and any(map(value[0].get, ROLE_KEYS))
    ):
        return {"messages": value}
    if not isinstance(value, Mapping) or all(map(str.islower, value)):
        return value
    names = [key.lower() if key.lower() in _KNOWN else key for key in value]
    # of `Input` and `input` neither is taken for the other
    return dict(zip(names, value.values(), strict=True)) if len({*names}) == len(names) else value


def _fitting(row: object) -> str | None:
    """The first format whose keys a row has with a value: in Parquet each row has all keys."""
    value = _plain(row)
    if isinstance(value, str):
        return "text"
    if not isinstance(value, Mapping):
        return None
    filled = {key for key, one in value.items() if not is_empty(one)}
    # an empty text is a bad row of some format, rather than one of no format
    there = {key for key, one in value.items() if one is not None}
    found = next(
        (name for keys in (filled, there) for name, form in FORMATS.items() if form.fits(keys)), None
    )
    # a message out of a tree has a text, and is no document
    return None if found == "text" and is_message(value) else found


def unfitting_row(where: str, value: object) -> Problem:
    """What is wrong with a row for which no format is known, in one line among those of other rows."""
    known = "; ".join(" and ".join(_named(form)) for form in FORMATS.values())
    return Problem(where, short(value), why_no_form(value) or f"has the keys of no known format: {known}")


def _named(form: Format) -> list[str]:
    return [*sorted(form.keys), *([" or ".join(form.one_of)] if form.one_of else [])]


def no_format(where: str, value: object) -> Problem:
    """What is wrong with a file of which no row fits a format, told by one of its rows."""
    known = "; ".join(f"{name}: {form.example}" for name, form in FORMATS.items())
    advice = f"no known format; write `format:`, or rows of one of these: {known}"
    return Problem(where, short(value), why_no_form(value) or advice)


def strip_calculator(text: str) -> str:
    """GSM8K's text without its calculator annotations: `48/2 = <<48/2=24>>24` becomes `48/2 = 24`."""
    return _CALCULATOR.sub("", text)


def short(value: object) -> str:
    """A value as JSON, in at most 80 characters."""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    except RecursionError:
        text = "(nested too deeply)"
    text = " ".join(text.encode("utf-8", "replace").decode("utf-8").split())
    return text if len(text) <= 80 else text[:77] + "..."


def _turns(names: tuple[str, ...], example: str) -> Format:
    def read(value: object, reading: Reading) -> Conversation:
        fields = Fields(value)
        refuse_uncarried(fields)
        refuse_unwanted(fields)
        key = fields.first(names) or names[0]
        listed = fields.raw(key)
        if listed is None:
            raise Malformed(f"has no {key}")
        listed_turns = as_marked(fields, turns(listed, key, reading))
        found = ordered(with_system(fields, listed_turns, reading), reading)
        reading.unused.extend(fields.unused())
        return found

    return Format(frozenset(), names, read, example)


def _pair(form: PairForm, example: str, *, alone: bool = False) -> Format:
    """The format of a pair; `alone`: the question's key tells it, also where the answer is missing."""
    answers = () if alone else (*form.answers, *form.otherwise)
    return Format(frozenset({form.ask}), answers, form.read, example)


def _document(value: object, reading: Reading) -> Conversation:
    if isinstance(value, str):
        return Conversation((Message("text", text(value, "text")),))
    fields = Fields(value)
    found = fields.raw("text")
    if found is None:
        raise Malformed("has no text")
    if not is_row_learnt(fields):
        raise Refused("is marked as not learnt, and of a document all is learnt: leave the row out")
    reading.unused.extend(fields.unused())
    return Conversation((Message("text", text(found, "text")),))


FORMATS: dict[str, Format] = {
    "messages": _turns(
        ("messages",),
        '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}',
    ),
    "sharegpt": _turns(
        ("conversations", "conversation"),
        '{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}',
    ),
    "alpaca": _pair(
        PairForm("instruction", ("output", "response")),
        '{"instruction": "Add.", "input": "2, 3", "output": "5"}',
        alone=True,
    ),
    "gsm8k": Format(
        frozenset({"question", "answer"}),
        (),
        PairForm("question", ("answer", "response"), rewrite=strip_calculator).read,
        '{"question": "2 and 3?", "answer": "2+3 = 5\\n#### 5"}',
    ),
    "prompt_completion": _pair(
        PairForm("prompt", ("completion", "response"), ("output", "answer")),
        '{"prompt": "2+3=", "completion": "5"}',
        alone=True,
    ),
    "query_response": _pair(
        PairForm("query", ("response",), ("answer", "output"), strip_calculator),
        '{"query": "2 and 3?", "response": "2+3 = 5\\n#### 5"}',
    ),
    "problem_solution": _pair(
        PairForm("problem", ("solution", "generated_solution"), ("answer",)),
        '{"problem": "Add 2 and 3.", "solution": "2+3 = 5"}',
    ),
    "question_response": _pair(
        PairForm("question", ("response", "generated_solution"), ("solution", "output", "completion")),
        '{"system_prompt": "Be brief.", "question": "2 and 3?", "response": "5"}',
    ),
    "input_output": _pair(
        PairForm("input", ("output", "target"), ("response",)), '{"input": "2+3=", "output": "5"}'
    ),
    "user_assistant": _pair(PairForm("user", ("assistant",)), '{"user": "2+3=", "assistant": "5"}'),
    "inputs_targets": _pair(PairForm("inputs", ("targets",)), '{"inputs": "2+3=", "targets": "5"}'),
    "text": Format(frozenset({"text"}), (), _document, '{"text": "A whole document."}'),
    "ultrachat": _turns(("data",), '{"data": ["Hi", "Hello"]}'),
}
"""Format by name. The first one that fits is taken: Alpaca's own file has a `text` beside the rest."""

_KNOWN = frozenset(
    {
        *(key for form in FORMATS.values() for key in (*form.keys, *form.one_of)),
        *("output", "completion", "response", "answer", "input", "context", "system", "history"),
    }
)
"""Keys that may begin with a capital, as some sets have them; every other key is told as it is written."""
