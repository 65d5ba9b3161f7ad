r"""Tagging by rules: keywords and regular expressions that are counted in the messages of a conversation.

    code: {any: ["```", "def "], role: user, at_least: 1}
    math: {matches: '\d\s*[-+*/]\s*\d', at_least: 2}

A rule is no judge of what a conversation is about. The rules that come with raysft look for what only code,
and only calculation, looks like, and for names of programming languages. Talk about algorithms, or about
numbers, is not found.

Not covered: a regular expression of the user that takes for ever on a text made for it.
"""

import re
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from raysft.data.conversation import Conversation
from raysft.errors import InputError, Problem
from raysft.spec.fields import Frozen, Pattern, Whole
from raysft.spec.source import Texts
from raysft.wording import in_words

DEFAULT = "default"


class Rule(Frozen):
    """When a conversation is given a tag: enough hits in the messages of a role."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)

    keywords: Texts | None = Field(None, alias="any")
    """Texts, as they are; every place where one of them occurs is a hit."""
    matches: Pattern | None = None
    """Regular expression, in which `^` and `$` also mean the ends of lines; every match is a hit."""
    role: Literal["any", "system", "user", "assistant"] = "any"
    """Whose messages count; a document is read with `any`."""
    at_least: Annotated[Whole, Field(ge=1)] = 1
    """Hits of both kinds, in all messages together."""

    @model_validator(mode="after")
    def _something_to_look_for(self) -> "Rule":
        if self.keywords is None and self.matches is None:
            raise ValueError("give `any` or `matches`, or both")
        if self.keywords is not None and "" in self.keywords:
            raise ValueError("an empty text occurs everywhere")
        return self


_CODE = r"""
```|^\#!/|<\?php|<!DOCTYPE|</\w+>
|\b(?:Python|Java|JavaScript|TypeScript|SQL|MySQL|HTML|CSS|PHP|jQuery|Node\.js|NumPy|regex)\b|\bC(?:\+\+|\#)
|^[ \t]*(?:(?:async[ ]+)?def|class|func|fn|sub|module|namespace|package|struct|typedef)[ ]+\w+[^\n.]{0,200}$
|^[ \t]*(?:from[ ]+[\w.]+[ ]+)?import[ ]+[\w.*"]+(?:[ ]+as[ ]+\w+)?(?:,[ ]*[\w.]+)*[ ]*;?[ ]*$
|^[ \t]*\#[ ]?include[ ]*[<"]
|\bstd::|\becho[ ]+\$|\bprint(?:f|ln)?\(|\bconsole\.log\(|\bConsole\.Write
|\bfunction[ ]+\w*[ ]*\([^()\n]*\)[ ]*\{|=>[ ]*[{(\w]
|\bpublic[ ]+(?:static|class|void|int|String)\b
|\bSELECT\b[^.;]{1,200}\bFROM\b|\bINSERT[ ]+INTO\b|\b(?:CREATE|ALTER|DROP)[ ]+TABLE\b|\bUPDATE[ ]+\w+\s+SET\b
|^[ \t]*(?:for|while|if)[ ]*\([^\n]{1,200}\)[ ]*\{?[ ]*$
|^[ \t]*(?:for[ ]+\w+[ ]+in[ ]+[^\n]{1,200}|if[ ]+[^\n]{1,200}|else|try|while[ ]+[^\n]{1,200}):[ ]*\n[ \t]+\S
|^[ \t]*(?:var|let|const|int|float|double|char|String)[ ]+\w+[ ]*=[^=\n]{1,200};
|^[ \t]*[A-Za-z]\w*(?:\[[^\]\n]{0,60}\])?[ ]*[-+*/]?=[ ]*(?:[\[{"']|[A-Za-z_]\w*(?:\.\w+)*[(\[])
|^[ \t]*[A-Za-z_]\w*(?:\.\w+)+\([^\n]{0,200}\);?[ ]*$
|^[ \t]*[.\#]?[\w-]+[ ]*\{[ ]*\n[ \t]*[\w-]+:[^\n]{1,200};
|^[ \t]*return\b[^\n]{0,200}(?:;[ ]*$|[()\[\]])
"""

_MATH = r"""
\d[ ]*[-+*/×÷^][ ]*[$(]?\d[\d.,)]{0,20}[ ]*(?:[-+*/×÷^][ ]*[$(]?\d[\d.,)]{0,20}[ ]*){0,8}=[ ]*[-$]?\d
|\d[ ]*[+*×÷^][ ]*\$?\d
|\\(?:frac|sqrt|sum|int|cdot|times|boxed|begin\{(?:align|equation))
|\b\d*[xyn](?:\^|²|\*\*)[ ]*\d
|\b\d*[xyn][ ]*[-+][ ]*\d+[ ]*=
|\b(?:equation|derivative|integral|polynomial|probability[ ]+(?:of|that)|hypotenuse|square[ ]+root|theorem)\b
|\b(?:sum|product|remainder|average|mean|median|area|perimeter|volume)[ ]+of[ ]+(?:the[ ]+)?(?:\w+[ ]+)?\d
|\bhow[ ]+(?:many|much)\b[^?\n]{0,200}\b(?:left|altogether|total|each|more|remain\w*|cost|spend|earn)\b
|^\#\#\#\#[ ]+-?\d
"""


def _rule(expression: str, flags: str) -> Rule:
    """A rule of ours. Runs of spaces are bounded, or a text of nothing else would take time squared."""
    bounded = expression.replace("[ ]*", "[ ]{0,9}").replace("[ ]+", "[ ]{1,9}")
    return Rule.model_validate({"matches": f"(?{flags}){bounded}"})


DEFAULT_RULES: Mapping[str, Rule] = {"code": _rule(_CODE, "mx"), "math": _rule(_MATH, "mxi")}
"""What `--rules default` means.

Tried on public sets: `code` is found in 89% of Code Alpaca's 2k and 99% of its new file, in 1 of 7,473 rows
of GSM8K, in 0.4% of dolly_hhrlhf and 5.4% of alpaca_en_demo (where nearly all of them are code); `math` in
all of GSM8K, 2% of Code Alpaca, 3% of dolly_hhrlhf and 4% of alpaca_en_demo. They are written for English.
"""


def read_rules(name: str) -> dict[str, Rule]:
    """The rules in a YAML file, by tag; `default` means those that come with raysft.

    Raises:
        InputError: with everything that is wrong with them.
    """
    if name == DEFAULT:
        return dict(DEFAULT_RULES)
    try:
        raw = yaml.safe_load(Path(name).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        cause = " ".join(str(error).split())
        raise InputError([Problem("--rules", name, f"is no YAML file that can be read: {cause}")]) from None
    if not isinstance(raw, dict) or not raw:
        raise InputError([Problem("--rules", name, "must be a mapping of tags to rules")])
    problems: list[Problem] = []
    rules = {}
    for tag, given in raw.items():
        try:
            rules[str(tag)] = Rule.model_validate(given)
        except ValidationError as error:
            for one in error.errors():
                field = ".".join(["--rules", str(tag), *map(str, one["loc"])])
                problems.append(Problem(field, str(one["input"])[:80], in_words(one)))
    if problems:
        raise InputError(problems)
    return rules


class RuleTagger:
    """Gives a conversation the tags whose rules fit, in the order of the rules."""

    def __init__(self, rules: Mapping[str, Rule]) -> None:
        self._rules = {tag: (rule, _expressions(rule)) for tag, rule in rules.items()}

    def __call__(self, conversation: Conversation) -> list[str]:
        """The tags."""
        return [tag for tag, (rule, found) in self._rules.items() if _fits(rule, found, conversation)]


def _expressions(rule: Rule) -> list[re.Pattern[str]]:
    """One for all keywords, the longest first, and one for the regular expression."""
    words = sorted(rule.keywords or (), key=len, reverse=True)
    texts = [rule.matches] if rule.matches is not None else []
    return [
        *([re.compile("|".join(map(re.escape, words)))] if words else []),
        *(re.compile(text, re.MULTILINE) for text in texts),
    ]


def _fits(rule: Rule, expressions: list[re.Pattern[str]], conversation: Conversation) -> bool:
    hits = (
        found
        for message in conversation.messages
        if rule.role in ("any", message.role)
        for expression in expressions
        for found in expression.finditer(message.written)
    )
    return sum(1 for _ in islice(hits, rule.at_least)) == rule.at_least
