"""What a chat template must do before anything is trained with it.

It marks what the assistant says, to the token that ends its turn. And it gives the same tokens turn by turn
as at once: what comes before each answer of a whole conversation, as it is trained on, is exactly what an
engine gives the model to read (`prompts`). This is tried on conversations whose answers begin with what
tokenizers like to merge with the text before. A disagreement is an error for every tokenizer, also where only
white space differs: the model would be asked in a way in which it was never taught.

A template that treats some texts otherwise (that takes thoughts out of earlier answers, say) is found out by
what it does to the conversations of a source: `raysft.data.tokens.arrival`, and `asked_otherwise` here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from transformers import PreTrainedTokenizerBase

from raysft.data.conversation import Conversation, Message, dialogue
from raysft.data.tokens.arrival import Lost
from raysft.data.tokens.rendering import plain, rendered_prompts
from raysft.data.tokens.template import Encoded, encode, encode_all, prompts
from raysft.data.tokens.template_inputs import hidden_input
from raysft.errors import InputError, Problem

_MARK = re.compile(r"\{%-?\s*generation\s*-?%\}")
_MARKS = (
    "set marks in it, {% generation %} before what the assistant says and {% endgeneration %} "
    "after the token that ends its turn: "
    "{% generation %}{{ message['content'].lstrip() + eos_token }}{% endgeneration %}"
)
_OTHERS = "or say `template: vicuna`, `alpaca` or `chatml`, or a file of your own, `template: FILE.jinja`"
_REMEDY = f"{_MARKS}; {_OTHERS}"

_QUESTIONS = ("one?", " two, \n", "東京 é 🙂", "```\nx = 1\n```\n", "3")
_ANSWERS = (
    *("uno", "Uno", "7", "(x)", "/x", ":x", ".x", "-x", "#x", "*x*", '"x"', "'s", "`x`", "<x>"),
    *("é", "東京", "🙂", "\u0301x", "dos \n", "a\n\nb"),
    *(" x", "  x", "\tx", "\nx", "\n\nx", "\r\nx", " \n x", "\u00a0x", "\u3000x"),
)
"""Plain ones first, so that the first disagreement that is found is the worst."""


@dataclass(frozen=True)
class _Difference:
    """An answer before which training and prompt differ."""

    number: int
    """Of the conversation."""
    asked: tuple[Message, ...]
    """The conversation before the answer."""
    answer: str
    trained: list[int]
    """Tokens of the whole conversation."""
    prompt: list[int]
    """Tokens of a prompt for the answer."""
    place: int
    """Of the first token that differs."""


def check_template(tokenizer: PreTrainedTokenizerBase, field: str | None = None) -> None:
    """Refuse a tokenizer whose chat template does not do what the module says.

    Args:
        tokenizer: with its template.
        field: what to call the template in messages, such as `models.NAME.template`.

    Raises:
        InputError: with a remedy.
    """
    field = field or f"chat template of {tokenizer.name_or_path or 'the tokenizer'}"
    try:
        problem = (
            _unmarked(tokenizer, field) or hidden_input(tokenizer, field) or _disagreement(tokenizer, field)
        )
    except InputError as error:
        raise InputError([replace(one, field=field) for one in error.problems]) from None
    if problem:
        raise InputError([problem])


def probe_texts(tokenizer: PreTrainedTokenizerBase) -> list[str]:
    """What the check renders with a template that it has passed."""
    return [_text(tokenizer, one.messages, add_generation_prompt=False) for one in _probes(tokenizer)]


def _unmarked(tokenizer: PreTrainedTokenizerBase, field: str) -> Problem | None:
    template = tokenizer.chat_template
    if not isinstance(template, str):
        found = "several" if template else "none"
        return Problem(field, found, f"give the tokenizer one chat template, and {_REMEDY}")
    if not _MARK.search(template):
        return Problem(field, "has no generation marks", _REMEDY)
    if tokenizer.eos_token_id is None:
        return Problem(field, "no end token", "set tokenizer.eos_token to what ends an answer")
    said = _said(encode(tokenizer, dialogue("one", "uno", "two", "dos")))
    shown = [tokenizer.decode(one, skip_special_tokens=True).strip() for one in said]
    if shown != ["uno", "dos"]:
        problem = _unknown_end(shown, field) or Problem(
            field, f"marks {shown} of the answers 'uno' and 'dos'", _REMEDY
        )
        # More than the answer is in its first token: not the marks are wrong, but what comes before them.
        reaches = [text.endswith(answer) for text, answer in zip(shown, ("uno", "dos"), strict=False)]
        return (_disagreement(tokenizer, field) or problem) if reaches == [True, True] else problem
    if not all(tokenizer.added_tokens_decoder.keys() & one for one in said):
        remedy = f"the token that ends the turn is not marked, so no model would learn to stop; {_REMEDY}"
        return Problem(field, f"ends the answer at {tokenizer.decode(said[0])!r}", remedy)
    return None


def _unknown_end(shown: Sequence[str], field: str) -> Problem | None:
    """What ends a turn, such as `<|im_end|>`, is text in pieces to a tokenizer that does not know it."""
    ends = {text.removeprefix(answer) for text, answer in zip(shown, ("uno", "dos"), strict=False)}
    end = ends.pop()
    if ends or len(shown) != 2 or not end or not end.startswith("<"):
        return None
    remedy = (
        "is no special token of this tokenizer, so no model would learn to stop: write eos_token in its "
        f"place, or add it to the tokenizer; {_OTHERS}"
    )
    return Problem(field, f"ends the answer with {end!r}", remedy)


def _said(encoded: Encoded) -> list[list[int]]:
    """The supervised tokens of each assistant turn."""
    turns = pairwise((0, *encoded.turn_ends))
    return [[encoded.tokens[at] for at in range(*turn) if encoded.supervised[at]] for turn in turns]


def _disagreement(tokenizer: PreTrainedTokenizerBase, field: str) -> Problem | None:
    probes = _probes(tokenizer)
    found = next(_differences(tokenizer, probes, encode_all(tokenizer, probes)), None)
    return Problem(field, _shown(tokenizer, found), _remedy(tokenizer, found)) if found else None


def _probes(tokenizer: PreTrainedTokenizerBase) -> list[Conversation]:
    """Conversations of one turn and of three, with a system message too if the template takes one."""
    opening = (Message("system", "Be brief."),)
    openings = [(), opening] if _accepts(tokenizer, (*opening, Message("user", "one"))) else [()]
    return [
        Conversation((*start, *dialogue(*turns).messages))
        for start in openings
        for size in (1, 3)
        for turns in _turns(size)
    ]


def _turns(size: int) -> Iterator[list[str]]:
    """Questions and answers of conversations of so many turns, which have all answers together."""
    for start in range(0, len(_ANSWERS), size):
        asked = [_QUESTIONS[(start + turn) % len(_QUESTIONS)] for turn in range(size)]
        yield list(chain.from_iterable(zip(asked, _ANSWERS[start : start + size], strict=False)))


def _accepts(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message]) -> bool:
    """Whether the template takes such a chat at all; a source that has one is refused when it is read."""
    try:
        _text(tokenizer, messages, add_generation_prompt=False)
    except InputError:
        return False
    return True


def asked_otherwise(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Conversation], encoded: Sequence[Encoded]
) -> list[tuple[Lost, ...]]:
    """Of each conversation, the answers that an engine would ask for in other tokens than training has.

    Raises:
        InputError: the template refuses the beginning of a conversation.
    """
    found: list[list[Lost]] = [[] for _ in conversations]
    for one in _differences(tokenizer, conversations, encoded):
        found[one.number].append(Lost("prompt", len(one.asked) + 1))
    return [tuple(one) for one in found]


def _differences(
    tokenizer: PreTrainedTokenizerBase, conversations: Sequence[Conversation], encoded: Sequence[Encoded]
) -> Iterator[_Difference]:
    """Answers before which the tokens differ, in the order of the conversations; of those that are learnt."""
    answers = [
        (number, turn, start)
        for number, one in enumerate(conversations)
        for turn, start in _learnt(one, encoded[number])
    ]
    read = prompts(tokenizer, [plain(conversations[number].messages[:turn]) for number, turn, _ in answers])
    for (number, turn, start), prompt in zip(answers, read, strict=True):
        trained, messages = encoded[number].tokens, conversations[number].messages
        if trained[:start] != prompt:
            place = _first_unequal(trained[:start], prompt)
            yield _Difference(number, messages[:turn], messages[turn].content, trained, prompt, place)


def _learnt(conversation: Conversation, encoded: Encoded) -> Iterator[tuple[int, int]]:
    """Turns of the assistant that are learnt, and where each begins to be supervised."""
    turns = [turn for turn, one in enumerate(conversation.messages) if one.role == "assistant"]
    spans = iter(pairwise((0, *encoded.turn_ends)))
    for turn in turns:
        start, end = next(spans, (0, 0))
        if conversation.messages[turn].supervised:
            # An answer that was not found in the tokens has no beginning: then all of them differ.
            yield turn, next((at for at in range(start, end) if encoded.supervised[at]), 0)


def _first_unequal(one: Sequence[int], other: Sequence[int]) -> int:
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _shown(tokenizer: PreTrainedTokenizerBase, found: _Difference) -> str:
    around = slice(max(0, found.place - 2), found.place + 2)
    trained, prompt = (
        [tokenizer.decode([token]) for token in tokens[around]] for tokens in (found.trained, found.prompt)
    )
    return (
        f"before the answer {found.answer!r}, at token {found.place}, training has {trained} "
        f"and a prompt {prompt}"
    )


def _remedy(tokenizer: PreTrainedTokenizerBase, found: _Difference) -> str:
    with_it, without = (
        _text(tokenizer, found.asked, add_generation_prompt=asked_on) for asked_on in (True, False)
    )
    if with_it == without:
        return (
            "end it with {% if add_generation_prompt %}, what comes before an answer, {% endif %}; "
            f"{_OTHERS}"
        )
    if found.answer != found.answer.lstrip():
        return (
            "white space melts with what comes before it: write message['content'].lstrip() behind "
            f"{{% generation %}}; {_OTHERS}"
        )
    return (
        "write the same before {% generation %} and behind {% if add_generation_prompt %}, and let it "
        "end so that no token reaches into the answer: with a special token, a newline, or with the space "
        f"of ' ' + message['content'] moved behind {{% generation %}}; {_OTHERS}"
    )


def _text(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, add_generation_prompt: bool
) -> str:
    return rendered_prompts(tokenizer, [plain(messages)], add_generation_prompt=add_generation_prompt)[0]
