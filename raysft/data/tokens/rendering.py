"""Chats as their template writes them: the text, and in it what the assistant says."""

from collections.abc import Sequence
from typing import NamedTuple

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import render_jinja_template

from raysft.data.conversation import Message
from raysft.errors import InputError, Problem

Plain = list[dict[str, str]]
"""A chat as templates take it."""

CLOCK = "strftime_now"
"""The function by which templates ask for the date."""


class Rendering(NamedTuple):
    """A chat as its template writes it."""

    text: str
    answers: list[tuple[int, int]]
    """Characters between generation marks, in order: of each answer, where there are as many as answers."""


def plain(messages: Sequence[Message]) -> Plain:
    """Messages as templates take them; what the assistant thought is `reasoning_content`."""
    return [
        {"role": one.role, "content": one.content}
        | ({"reasoning_content": one.reasoning} if one.reasoning else {})
        for one in messages
    ]


def rendered_chats(tokenizer: PreTrainedTokenizerBase, chats: Sequence[Plain]) -> list[Rendering]:
    """Whole chats, as they are trained on.

    Raises:
        InputError: the template refuses a chat, cannot be carried out, or asks for the date.
    """
    texts, spans = _render(tokenizer, chats, marks=True, add_generation_prompt=False)
    asked = (sum(one["role"] == "assistant" for one in chat) for chat in chats)
    return [Rendering(*one) for one in zip(texts, map(_of_answers, spans, asked), strict=True)]


def rendered_prompts(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[Plain], *, add_generation_prompt: bool = True
) -> list[str]:
    """Chats up to what comes before an answer; the template needs no generation marks for that.

    Raises:
        InputError: as `rendered_chats`.
    """
    return _render(tokenizer, chats, marks=False, add_generation_prompt=add_generation_prompt)[0]


def _render(
    tokenizer: PreTrainedTokenizerBase, chats: Sequence[Plain], *, marks: bool, add_generation_prompt: bool
) -> tuple[list[str], list[list[tuple[int, int]]]]:
    template = tokenizer.get_chat_template()
    try:
        texts, spans = render_jinja_template(
            conversations=list(chats),
            chat_template=template,
            return_assistant_tokens_mask=marks,
            add_generation_prompt=add_generation_prompt,
            # In place of transformers' clock: a text cannot be called, so a template that asks for the date
            # is found out whenever it really asks.
            **{**tokenizer.special_tokens_map, CLOCK: ""},
        )
        return list(texts), list(spans)
    except TemplateSyntaxError as error:
        problem = Problem("chat template", f"line {error.lineno}: {error.message}", "is not Jinja")
    except UndefinedError as error:
        remedy = "there are messages, add_generation_prompt and the special tokens that the tokenizer has"
        problem = Problem("chat template", str(error), remedy)
    except TemplateError as error:
        problem = Problem("chat template", str(error), "it cannot carry this source's roles")
    except TypeError as error:  # what Jinja lets through, of `'text' + 1` for instance
        problem = _not_carried_out(template, error)
    raise InputError([problem])


def _not_carried_out(template: str, error: TypeError) -> Problem:
    if CLOCK in template and "not callable" in str(error):
        remedy = (
            "it would write another text every day under one name: fix the date in the model's entry, "
            f"`template_inputs: {{{CLOCK}: 2024-07-26}}`"
        )
        return Problem("chat template", f"asks for the date ({CLOCK})", remedy)
    return Problem("chat template", str(error), "is Jinja that cannot be carried out")


def _of_answers(spans: Sequence[tuple[int, int]], asked: int) -> list[tuple[int, int]]:
    """Spans that hold something; if these are not as many as answers, neighbours are one."""
    held = [(start, end) for start, end in spans if end > start]
    if len(held) == asked:
        return held
    found: list[tuple[int, int]] = []
    for start, end in held:
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found
