"""What a chat template reads beside the chat, and how it is fixed: as the first lines of the template itself.

    template_inputs: {enable_thinking: false, strftime_now: 2024-07-26}

    {% set enable_thinking = false %}
    {% macro strftime_now(format) %}{{ {"%d %b %Y": "26 Jul 2024"}[format] }}{% endmacro %}
    … the template as it was

So training, the prompts of an engine and whoever opens an exported folder (vLLM, lm-eval) have the same
inputs, and the digest of the template covers them.

A template may read the chat, `add_generation_prompt`, special tokens, and `tools`, of which there are none.
It may ask whether anything else is defined: it never is. What it reads without asking must be fixed; a
template that draws at random cannot be used. That it asks for the date is found out when it does
(`raysft.data.tokens.rendering`).
"""

import json
from collections.abc import Mapping
from datetime import date

from jinja2 import TemplateSyntaxError, meta, nodes
from transformers import PreTrainedTokenizerBase
from transformers.utils.chat_template_utils import _compile_jinja_template

from raysft.data.tokens.rendering import CLOCK
from raysft.errors import InputError, Problem

Value = str | bool | int | float | None

_GIVEN = {"messages", "add_generation_prompt", "tools"}
_SPECIAL = {f"{kind}_token" for kind in ("bos", "eos", "unk", "sep", "pad", "cls", "mask")}
"""Undefined where the tokenizer has none."""
_DEFINED = ("defined", "undefined")
_DEFAULT = ("default", "d")
_RANDOM = "random"
_FILLER = "lipsum"
"""A function of Jinja that writes random words."""


def with_inputs(template: str, inputs: Mapping[str, Value], field: str) -> str:
    """A template whose first lines fix what it reads; the template itself if there is nothing to fix.

    Args:
        template: Jinja text.
        inputs: values by name; that of `strftime_now` is a date, `2024-07-26`.
        field: where they are named, for messages.

    Raises:
        InputError: the template does not read one of them, or a date is none.
    """
    tree, problems, lines = _parsed(template, field), list[Problem](), list[str]()
    reads = _read(tree) - _GIVEN - _SPECIAL
    reads |= {CLOCK} & {one.name for one in tree.find_all(nodes.Name)}
    for name, value in inputs.items():
        if name not in reads:
            remedy = f"the template reads {', '.join(sorted(reads)) or 'nothing beside the chat'}"
            problems.append(Problem(f"{field}.{name}", str(value), remedy))
        elif name == CLOCK:
            day = _date(value)
            if day is None:
                problems.append(Problem(f"{field}.{name}", str(value), "write a date, such as 2024-07-26"))
            else:
                lines.append(_clock(tree, day))
        else:
            lines.append(f"{{% set {name} = {_literal(value)} %}}\n")
    if problems:
        raise InputError(problems)
    # The environment of chat templates takes away the newline behind a block, and nothing else.
    return "".join(lines) + template


def hidden_input(tokenizer: PreTrainedTokenizerBase, field: str) -> Problem | None:
    """What a tokenizer's template reads that nothing fixes; None if there is nothing of the kind."""
    tree = _parsed(tokenizer.get_chat_template(), field)
    drawn = {_FILLER} & {one.name for one in tree.find_all(nodes.Name)}
    drawn |= {_RANDOM} & {one.name for one in tree.find_all(nodes.Filter)}
    if drawn:
        return Problem(field, f"uses {drawn.pop()}", "writes another text every time; take it out")
    known = _GIVEN | _SPECIAL | tokenizer.special_tokens_map.keys() | _asked_for(tree)
    hidden = sorted(_read(tree) - known)
    if not hidden:
        return None
    values = ", ".join(f"{name}: VALUE" for name in hidden)
    remedy = (
        "nothing says what that is: fix it in the model's entry, "
        f"`template_inputs: {{{values}}}` (`null` for nothing), or in the template"
    )
    return Problem(field, f"reads {', '.join(hidden)}", remedy)


def special_tokens_read(tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """The special tokens, by their names, that a tokenizer's template reads."""
    reads = meta.find_undeclared_variables(_parsed(tokenizer.get_chat_template(), "chat template"))
    return {name: str(token) for name, token in tokenizer.special_tokens_map.items() if name in reads}


def _parsed(template: str, field: str) -> nodes.Template:
    try:
        # The environment that renders it: its own blocks, functions and filters are no inputs.
        tree: nodes.Template = _compile_jinja_template(template).environment.parse(template)
    except TemplateSyntaxError as error:
        raise InputError([Problem(field, f"line {error.lineno}: {error.message}", "is not Jinja")]) from None
    return tree


def _read(tree: nodes.Template) -> set[str]:
    """What comes from outside; a name that the template sets is its own, unless it asks for it."""
    own = {one.name for one in tree.find_all(nodes.Name) if one.ctx == "store"}
    return meta.find_undeclared_variables(tree) - (own - _asked_for(tree))


def _asked_for(tree: nodes.Template) -> set[str]:
    """Names of which the template asks whether they are defined."""
    return {
        one.node.name
        for kind, names in ((nodes.Test, _DEFINED), (nodes.Filter, _DEFAULT))
        for one in tree.find_all(kind)
        if one.name in names and isinstance(one.node, nodes.Name)
    }


def _date(value: Value) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _clock(tree: nodes.Template, day: date) -> str:
    """A function that says the date in every form that the template has."""
    forms = {
        one.value: day.strftime(one.value)
        for one in tree.find_all(nodes.Const)
        if isinstance(one.value, str) and "%" in one.value
    }
    table = json.dumps(forms, ensure_ascii=False)
    other = "raise_exception('no such form of the date: ' + format)"
    return (
        f"{{% macro {CLOCK}(format) %}}{{{{ ({table})[format] if format in {table} else {other} }}}}"
        "{% endmacro %}\n"
    )


def _literal(value: Value) -> str:
    """As Jinja writes it, which is as JSON does, but for nothing."""
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
