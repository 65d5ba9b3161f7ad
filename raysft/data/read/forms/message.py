"""One message of a conversation: who speaks, what is said, what was thought before, whether it is learnt."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from raysft.data.conversation import Message, Role
from raysft.data.read.forms.fields import Fields, Malformed, Reading, Refused, kind, text
from raysft.data.read.forms.refused import refuse_uncarried

ROLE_KEYS = ("role", "from")
_TEXT_KEYS = ("content", "value")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
"""DeepSeek's and Qwen's name, OpenRouter's, and that of gpt-oss."""
_LEARNT_KEYS = ("weight", "train", "training", "trainable", "loss", "loss_mask")
"""OpenAI's and SlimOrca's, axolotl's two, and those of others: 0 or false for a turn that is not learnt."""

_LEARNT = frozenset(_LEARNT_KEYS)
_ROW_KEYS = ("weight", "train", "training", "trainable")
"""Those that a row may have as well. Its `loss` is a number somebody measured, its `loss_mask` a list."""
_SWITCHES = frozenset({"on", "off"})
"""What `reasoning` is in Nemotron's sets: whether there is any, not its text."""

_NAMES: Mapping[Role, str] = {
    "system": "system developer",
    "user": "user human prompter",
    "assistant": "assistant gpt chatgpt bing bard model bot chatbot ai",
}
_ROLES: Mapping[str, Role] = {name: role for role, names in _NAMES.items() for name in names.split()}
_TOOL_ROLES = frozenset(
    {
        *("tool", "tool_call", "tool_response", "function", "function_call", "function_response"),
        *("observation", "ipython", "environment"),
    }
)
"""With `-` for `_` as well."""
_THOUGHT = frozenset({"thinking", "reasoning"})
_PLAIN = frozenset({"text", "input_text", "output_text"})
"""Types of a part that is text: of Chat Completions and Anthropic, and of OpenAI's Responses."""


def message(fields: Fields, reading: Reading, prefix: str) -> Message:
    """Read one message.

    Args:
        fields: of an object with role and text under any of their names.
        reading: notes the keys that are not used.
        prefix: of these keys: `messages[].`.

    Raises:
        Malformed: it is none, or says what cannot be carried.
    """
    role = _role(fields)
    refuse_uncarried(fields, f"the {role} turn")
    said, thought = _content(fields, role, reading, prefix)
    learnt = True
    if role == "assistant":
        thought = _one_thought(thought, reasoning(fields))
        learnt = _learnt(fields)
    elif thought:
        raise Malformed(f"the {role} turn has a part that is reasoning")
    else:
        _use_not_learnt(fields)
    reading.unused.extend(fields.unused(prefix))
    return Message(role, said, thought, learnt)


def is_row_learnt(fields: Fields) -> bool:
    """Whether a row has no mark of its own, `weight: 0` or `train: false`, that its answers are not learnt.

    Raises:
        Refused: its weight is between 0 and 1.
    """
    given = {key: fields.leave(key) for key in _ROW_KEYS}
    # a number above 1, such as a count, is no mark
    marks = [key for key, one in given.items() if isinstance(one, bool | int | float) and 0 <= one <= 1]
    said = [_flag(key, fields.get(key)) for key in marks]
    return all(said)


def as_marked(fields: Fields, messages: Sequence[Message]) -> list[Message]:
    """The turns of a row, its answers not learnt where its own mark says so."""
    if is_row_learnt(fields):
        return [*messages]
    return [replace(one, supervised=one.role != "assistant") for one in messages]


def _role(fields: Fields) -> Role:
    roles = {_known(key, fields.get(key)) for key in ROLE_KEYS if fields.has(key)}
    if not roles:
        raise Malformed("a turn has neither role nor from")
    if len(roles) > 1:
        raise Malformed("role and from of a turn differ; keep one of them")
    return roles.pop()


def _known(key: str, given: object) -> Role:
    name = given.strip().lower() if isinstance(given, str) and len(given) < 30 else ""
    if name.replace("-", "_") in _TOOL_ROLES:
        raise Refused(f"{key} {name}: the turns of tools cannot be trained on")
    if name not in _ROLES:
        said = ascii(given[:30]) if isinstance(given, str) else kind(given)
        raise Malformed(f"unknown {key} {said}; one of {', '.join(_ROLES)}")
    return _ROLES[name]


def _content(fields: Fields, role: Role, reading: Reading, prefix: str) -> tuple[str, str]:
    """What is said, and what parts of it were thought."""
    name = f"the {role} text"
    key = fields.first((*_TEXT_KEYS, "text")) or next(filter(fields.there, (*_TEXT_KEYS, "text")), "content")
    value = fields.raw(key)
    if isinstance(value, str) and key == "content" and isinstance(fields.leave("value"), str):
        fields.agreed(_TEXT_KEYS, empty=True)
    said, thought = (
        _parts(value, name, reading, f"{prefix}{key}[].") if isinstance(value, list) else (value, "")
    )
    return text(said, name, empty=role == "system"), thought


def system_text(value: object, name: str, reading: Reading) -> str:
    """What a row says beside its turns: a text, or a list of parts that are all text."""
    if not isinstance(value, list):
        return text(value, name, empty=True)
    said, thought = _parts(value, name, reading, f"{name}[].")
    if thought:
        raise Malformed(f"{name} has a part that is reasoning")
    return said


def _parts(parts: list[object], name: str, reading: Reading, prefix: str) -> tuple[str, str]:
    """The texts of a list of parts, joined by line breaks as vLLM joins them; reasoning apart."""
    said, thought = [], []
    for part in parts:
        if isinstance(part, str):
            said.append(text(part, name, empty=True))
            continue
        fields = Fields(part, f"a part of {name}")
        refuse_uncarried(fields, f"a part of {name}")
        form = fields.get("type") or "text"
        if isinstance(form, str) and form in _THOUGHT:
            thought.append(fields.agreed((form, "text")))
        elif isinstance(form, str) and form in _PLAIN:
            said.append(text(fields.raw("text"), name, empty=True))
        else:
            shown = ascii(form[:30]) if isinstance(form, str) else kind(form)
            raise Refused(f"{name} has a part of type {shown}: only text can be trained on")
        reading.unused.extend(fields.unused(prefix))
    return "\n".join(said), "\n".join(thought)


def reasoning(fields: Fields) -> str:
    """What was thought before an answer; nothing where no key of its names holds a text of it."""
    keys = [key for key in _REASONING_KEYS if not _is_switch(fields.leave(key))]
    said = fields.agreed(keys, empty=True)
    return said if said.strip() else ""


def _is_switch(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.lower() in _SWITCHES)


def _one_thought(part: str, field: str) -> str:
    if part and field and part != field:
        raise Malformed("a turn has two texts of reasoning that differ; keep one of them")
    return part or field


def _use_not_learnt(fields: Fields) -> None:
    """A turn of system or user is never learnt: a mark that says so is used, another one is not."""
    for key in () if fields.none_of(_LEARNT) else _LEARNT_KEYS:
        if fields.leave(key) in (0, False):
            fields.get(key)


def _learnt(fields: Fields) -> bool:
    if fields.none_of(_LEARNT):
        return True
    said = {key: _flag(key, fields.raw(key)) for key in _LEARNT_KEYS if fields.has(key)}
    if len(set(said.values())) > 1:
        raise Malformed(f"{' and '.join(said)} contradict each other")
    return all(said.values())


def _flag(key: str, value: object) -> bool:
    if isinstance(value, bool | int | float) and value in (0, 1):
        return bool(value)
    shown = str(value) if isinstance(value, bool | int | float) else kind(value)
    raise Refused(f"{key} {shown:.20}: a turn is learnt (1, true) or not (0, false), nothing between")
