"""Chat templates for tokenizers that have none, or none with generation marks.

What a model sees, with [marked] what it is trained on and <end> the tokenizer's end token:

    vicuna   A chat between … questions. USER: Hi ASSISTANT:[ Hello<end>]USER: Bye ASSISTANT:[ Bye<end>]

    alpaca   Below is an instruction that describes a task. Write a response that appropriately completes
             the request.⏎⏎### Instruction:⏎Hi⏎⏎### Response:⏎[Hello<end>]⏎⏎### Instruction:⏎…

    chatml   <|im_start|>user⏎Hi<|im_end|>⏎<|im_start|>assistant⏎[Hello<|im_end|>]⏎

    llama-3  <|start_header_id|>user<|end_header_id|>⏎⏎Hi<|eot_id|><|start_header_id|>assistant
             <|end_header_id|>⏎⏎[Hello<|eot_id|>]

`vicuna` is FastChat's conversation `vicuna_v1.1` (fastchat/conversation.py, `ADD_COLON_TWO`), which arXiv
2310.05492 trained with; there the end token is `</s>`. `alpaca` is Stanford Alpaca's prompt without input
(`PROMPT_DICT` in its train.py), repeated for further turns; a newline comes behind `### Response:`, as in
alpaca-lora, where Stanford writes the answer at once: there one token may hold the end of the prompt and the
beginning of the answer (`:(`, on Llama 3 also `:Hello`). `chatml` is OpenAI's, `llama-3` Meta's
(arXiv 2407.21783), without the dates that later versions write into the system turn, and only for tokenizers
that have its marks. Where `<|im_end|>` is no special token of the tokenizer, every turn of `chatml` ends with
its end token instead (`<|im_start|>` may be text too).

A system message takes the place of the first sentences of `vicuna` and `alpaca`, and is a turn of its own in
`chatml` and `llama-3`, which have none unless it is given. It may only come first.

White space at the beginning of an answer is left out. In all but `vicuna` it would melt with the newline
before it into other tokens than the prompt ends in. In `vicuna` the model itself writes a space first; an
answer that is asked on comes back with that space, and must read as in training.

What the assistant thought before an answer, where a turn says it, comes before the answer and is supervised
with it: `<think>⏎`, the thoughts, `⏎</think>⏎⏎`, as DeepSeek-R1 and Qwen 3 write it.

A conversation begins as the tokenizer begins any text: with its BOS token only if it adds one by itself.

Not covered: Alpaca's `### Input:` (the reader joins it to the instruction), tools, images.
"""

from collections.abc import Mapping

from transformers import PreTrainedTokenizerBase

from raysft.data.tokens.special_tokens import special_tokens
from raysft.errors import InputError, Problem

OWN = "own"
"""What a sweep file says for the tokenizer's own template."""

_TURN_ENDS = {"chatml": "<|im_end|>", "llama-3": "<|eot_id|>"}
"""What ends a turn, where it is a special token of the tokenizer; its end token does elsewhere."""
_NEEDED = {"llama-3": ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")}
"""Special tokens without which a template serves no tokenizer."""
_NOTHING, _BOS = "''", "bos_token"
"""Jinja for what a conversation begins with."""

_THOUGHT = r"""
{%- macro thought(message) -%}
{%- if message['reasoning_content'] -%}
{{- '<think>\n' + message['reasoning_content'].strip() + '\n</think>\n\n' -}}
{%- endif -%}
{%- endmacro -%}
"""

_VICUNA = r"""
{%- set preamble = "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, and polite answers to the user's questions." -%}
{{- begin + (messages[0]['content'] if messages[0]['role'] == 'system' else preamble) -}}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- ' ASSISTANT:' -}}
{%- generation -%}{{- ' ' + thought(message) + message['content'].lstrip() + end -}}{%- endgeneration -%}
{%- elif message['role'] == 'user' -%}
{{- ('USER: ' if loop.previtem and loop.previtem['role'] == 'assistant' else ' USER: ') + message['content'] -}}
{%- elif message['role'] != 'system' or not loop.first -%}
{{- raise_exception('no such role here: ' + message['role']) -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- ' ASSISTANT:' -}}{%- endif -%}
"""  # noqa: E501

_ALPACA = r"""
{%- set preamble = 'Below is an instruction that describes a task. Write a response that appropriately completes the request.' -%}
{{- begin + (messages[0]['content'] if messages[0]['role'] == 'system' else preamble) -}}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- '\n\n### Response:\n' -}}
{%- generation -%}{{- thought(message) + message['content'].lstrip() + end -}}{%- endgeneration -%}
{%- elif message['role'] == 'user' -%}
{{- '\n\n### Instruction:\n' + message['content'] -}}
{%- elif message['role'] != 'system' or not loop.first -%}
{{- raise_exception('no such role here: ' + message['role']) -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '\n\n### Response:\n' -}}{%- endif -%}
"""  # noqa: E501

_CHATML = r"""
{{- begin -}}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- '<|im_start|>assistant\n' -}}
{%- generation -%}{{- thought(message) + message['content'].lstrip() + end -}}{%- endgeneration -%}
{{- '\n' -}}
{%- elif message['role'] == 'user' or (message['role'] == 'system' and loop.first) -%}
{{- '<|im_start|>' + message['role'] + '\n' + message['content'] + end + '\n' -}}
{%- else -%}
{{- raise_exception('no such role here: ' + message['role']) -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}
"""

_LLAMA_3 = r"""
{{- begin -}}
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
{%- generation -%}{{- thought(message) + message['content'].lstrip() + end -}}{%- endgeneration -%}
{%- elif message['role'] == 'user' or (message['role'] == 'system' and loop.first) -%}
{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] + end -}}
{%- else -%}
{{- raise_exception('no such role here: ' + message['role']) -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}{%- endif -%}
"""

TEMPLATES: Mapping[str, str] = {
    "vicuna": _VICUNA,
    "alpaca": _ALPACA,
    "chatml": _CHATML,
    "llama-3": _LLAMA_3,
}
"""Jinja texts by name, but for their first line: what `begin` and `end` are depends on the tokenizer."""


def template_for(name: str, tokenizer: PreTrainedTokenizerBase, field: str = "template") -> str:
    """The whole Jinja text of a template, as it serves a tokenizer.

    Args:
        name: one of `TEMPLATES`.
        tokenizer: its own chat template plays no part.
        field: what to call the template in messages.

    Raises:
        InputError: the tokenizer has no end token, or not the marks that the template is made of.
    """
    special = special_tokens(tokenizer)
    missing = [mark for mark in _NEEDED.get(name, ()) if mark not in special]
    if missing:
        remedy = f"the tokenizer has no special token {missing[0]}; use another template"
        raise InputError([Problem(field, name, remedy)])
    if tokenizer.eos_token is None:
        raise InputError([Problem(field, "no end token", "set tokenizer.eos_token to what ends a text")])
    mark = _TURN_ENDS.get(name)
    end = f"'{mark}'" if mark in special else "eos_token"
    return _whole(_begin(tokenizer, end, TEMPLATES[name]), end, TEMPLATES[name])


def _whole(begin: str, end: str, body: str) -> str:
    return f"{{%- set begin = {begin} -%}}\n{{%- set end = {end} -%}}{_THOUGHT}{body}"


def _begin(tokenizer: PreTrainedTokenizerBase, end: str, body: str) -> str:
    """What must be written first for a chat to have the tokens that the tokenizer gives to any text.

    A tokenizer in the manner of sentencepiece sets a space before a text; some of them not behind a BOS that
    is written out, so that the template must.
    """
    expected = tokenizer(_rendered(tokenizer, _whole(_NOTHING, end, body)))["input_ids"]
    for begin in (_NOTHING, _BOS, f"{_BOS} + ' '") if tokenizer.bos_token else ():
        text = _rendered(tokenizer, _whole(begin, end, body))
        tokens = tokenizer(text, add_special_tokens=False)["input_ids"]
        if tokens == expected[: len(tokens)]:
            return begin
    return _BOS if tokenizer.bos_token and expected[0] == tokenizer.bos_token_id else _NOTHING


def _rendered(tokenizer: PreTrainedTokenizerBase, template: str) -> str:
    chat = [{"role": "user", "content": "one"}]
    text: str = tokenizer.apply_chat_template(chat, chat_template=template, tokenize=False)
    return text
