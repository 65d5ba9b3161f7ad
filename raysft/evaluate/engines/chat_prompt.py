"""What an engine gives the model to read, and which tokens end its answer: both by the chat template.

What the model sees before it answers is what it saw in training: special tokens that occur in a question are
ordinary characters here as they are there.
"""

from collections.abc import Sequence

from transformers import GenerationConfig, PreTrainedTokenizerBase

from raysft.data.tokens.special_tokens import special_tokens
from raysft.data.tokens.template import prompts
from raysft.errors import InputError, Problem

Chat = list[dict[str, str]]


def chat(turns: Sequence[str], answers: Sequence[str]) -> Chat:
    """The first turns with their answers, and one more turn to be answered."""
    messages: Chat = []
    for place, turn in enumerate(turns[: len(answers) + 1]):
        messages.append({"role": "user", "content": turn})
        messages.extend({"role": "assistant", "content": answer} for answer in answers[place : place + 1])
    return messages


def prompt_tokens(tokenizer: PreTrainedTokenizerBase, chats: Sequence[Chat]) -> list[list[int]]:
    """The tokens that the model reads before it answers, up to and with the generation prompt.

    Raises:
        InputError: there is no chat template, or it refuses a chat.
    """
    if not chats:
        return []
    _must_have_template(tokenizer)
    return prompts(tokenizer, chats)


def stop_tokens(
    tokenizer: PreTrainedTokenizerBase, settings: GenerationConfig | None = None
) -> frozenset[int]:
    """The tokens that end an answer.

    They are the tokenizer's end of sequence, those that the model folder names as such, and the special token
    that the chat template sets behind an answer.
    """
    named = settings.eos_token_id if settings else None
    ends = {*(named if isinstance(named, list) else [named]), tokenizer.eos_token_id, _end_of_turn(tokenizer)}
    return frozenset(token for token in ends if token is not None)


def _end_of_turn(tokenizer: PreTrainedTokenizerBase) -> int | None:
    asked: Chat = [{"role": "user", "content": "a"}]
    told: Chat = [*asked, {"role": "assistant", "content": "b"}]
    _must_have_template(tokenizer)
    before, whole = (
        prompts(tokenizer, [one], add_generation_prompt=one is asked)[0] for one in (asked, told)
    )
    marks = set(special_tokens(tokenizer).values())
    behind = whole[len(before) :] if whole[: len(before)] == before else []
    return next((token for token in behind if token in marks), None)


def _must_have_template(tokenizer: PreTrainedTokenizerBase) -> None:
    if not tokenizer.chat_template:
        remedy = "give the tokenizer a chat template: questions are asked as turns of a chat"
        raise InputError([Problem("chat template", f"none in {tokenizer.name_or_path}", remedy)])
