"""A row of one question and its answer, with all that may be said beside them."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from raysft.data.conversation import Conversation, Message
from raysft.data.read.forms.fields import Fields, Malformed, Reading, text
from raysft.data.read.forms.message import ROLE_KEYS, as_marked, message, reasoning
from raysft.data.read.forms.order import ordered
from raysft.data.read.forms.refused import refuse_uncarried, refuse_unwanted
from raysft.data.read.forms.turns import history, turns, with_system

_CONTEXT_KEYS = ("input", "context")
"""What a question is about: Alpaca's name and Dolly's."""


@dataclass(frozen=True)
class PairForm:
    """Names of the question and of the answer."""

    ask: str
    answers: tuple[str, ...]
    """Names of the same: a row that has several must agree with itself."""
    otherwise: tuple[str, ...] = ()
    """Names that count where there is none of `answers`: a bare result beside a worked solution."""
    rewrite: Callable[[str], str] = str
    """What is done with the text of the answer."""

    def read(self, value: object, reading: Reading) -> Conversation:
        """Read a row.

        Raises:
            Malformed: what is wrong with it.
        """
        fields = Fields(value)
        refuse_uncarried(fields)
        refuse_unwanted(fields)
        before = history(fields.get("history"), reading) if fields.has("history") else []
        asked = [*before, *self._question(fields, reading), *self._answer(fields, reading)]
        found = ordered(with_system(fields, as_marked(fields, asked), reading), reading)
        reading.unused.extend(fields.unused())
        return found

    def _question(self, fields: Fields, reading: Reading) -> list[Message]:
        """The question, and behind it what it is about."""
        value = _written_out(fields.raw(self.ask))
        if value is None:
            raise Malformed(f"has no {self.ask}")
        about = fields.agreed([key for key in _CONTEXT_KEYS if key != self.ask], empty=True)
        if isinstance(value, list | Mapping):
            if about:
                raise Malformed(f"has a context beside a {self.ask} that is a list of messages")
            return [
                replace(one, supervised=one.role != "assistant")
                for one in _messages(value, self.ask, reading)
            ]
        asked = text(value, self.ask, empty=bool(about))
        return [Message("user", "\n\n".join(filter(None, (asked, about))))]

    def _answer(self, fields: Fields, reading: Reading) -> list[Message]:
        given = [key for key in self.answers if fields.has(key)]
        if not given and (other := fields.first(self.otherwise)):
            given = [other]
        if not given:
            raise Malformed(self._no_answer(fields))
        if len(given) == 1 and isinstance(value := _written_out(fields.get(given[0])), list | Mapping):
            return _messages(value, given[0], reading)
        said = text(self.rewrite(fields.agreed(given)), given[0])
        return [Message("assistant", said, reasoning(fields))]

    def _no_answer(self, fields: Fields) -> str:
        empty = [key for key in self.answers if fields.raw(key) is not None]
        if empty:
            return f"{empty[0]} is empty"
        first, *others = self.answers
        return f"has neither {first} nor {' nor '.join(others)}" if others else f"has no {first}"


def _written_out(value: object) -> object:
    """A list of messages that is JSON in a text, as a column of Parquet may have it; all else as it is."""
    if not isinstance(value, str) or not value.lstrip().startswith("[{"):
        return value
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return value
    speaks = all(isinstance(one, Mapping) and one.keys() & {*ROLE_KEYS} and len(one) > 1 for one in found)
    return found if speaks else value


def _messages(value: object, name: str, reading: Reading) -> list[Message]:
    """A list of messages, or a single one."""
    if isinstance(value, Mapping) and isinstance(value.get("role"), str):
        return [message(Fields(value), reading, f"{name}.")]
    if isinstance(value, list) and any(isinstance(one, str) for one in value):
        # a whole column, or several answers: taken in turn, half of the questions would be learnt as answers
        raise Malformed(f"{name} is a list of texts, where one text or a list of messages belongs")
    return turns(value, name, reading)
