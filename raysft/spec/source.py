"""Where the training conversations of an ability come from."""

import re
from contextlib import suppress
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator, model_validator

from raysft.composition.exact import parse_share
from raysft.spec.fields import Frozen, Number, Pattern, Whole, contradiction, listed
from raysft.wording import did_you_mean

WORLD = "world/"
"""Prefix of the sources, benchmarks and the base that are built in."""
BUILT_IN = ("world/math", "world/code", "world/general", "world/pretraining")
"""Sources that need no file; the last one is base text rather than conversations."""

FormatName = Literal[
    "auto",
    "messages",
    "sharegpt",
    "alpaca",
    "gsm8k",
    "prompt_completion",
    "query_response",
    "problem_solution",
    "question_response",
    "input_output",
    "user_assistant",
    "inputs_targets",
    "text",
    "ultrachat",
]
CleanRule = Literal["drop_leading_answer", "drop_trailing_question", "merge_same_side"]
"""What may be done to a conversation whose turns are not in order."""


class ExpectedLength(NamedTuple):
    """What a plan expects of one conversation before the data is there."""

    tokens: float
    supervised: float
    """Of these, the ones that enter the loss."""


USUAL_LENGTH = ExpectedLength(400.0, 250.0)
"""A guess."""
USUAL_LENGTHS = {"sharegpt": ExpectedLength(1370.0, 1145.0)}
"""By format. ShareGPT as it is used, cut into pieces of 2,048 tokens at most, has 3.2 rounds of 71 and 358
tokens (Wang et al. 2023, arXiv 2306.04751, table 1)."""


def _above_zero(value: object) -> Fraction:
    weight = parse_share(value)
    if weight <= 0:
        raise ValueError("must be above 0; leave the part out")
    return weight


_BAD_SHARE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}|/[0-9]{1,9})?")


def _share_of_bad(value: object) -> Fraction:
    # a whole number of any length is Python's to read, and 1e999999999 nobody's
    small = isinstance(value, int | float | Fraction) and not isinstance(value, bool) and 0 <= value <= 1
    text = str(value).strip()
    number = text.removesuffix("%")
    share = None
    if small or _BAD_SHARE.fullmatch(number):
        with suppress(ZeroDivisionError):
            share = Fraction(number) / (1 if number == text else 100)
    if share is None or share > 1:
        raise ValueError("write a share from 0 to 1, such as 5% or 1/20")
    return share


BadShare = Annotated[Fraction, BeforeValidator(_share_of_bad), PlainSerializer(str, return_type=str)]
"""A share from 0 to 1, of which nothing depends on the last digit: also in percent or as a decimal."""
Texts = Annotated[tuple[str, ...], BeforeValidator(listed), Field(min_length=1)]
"""One text or several."""
Weight = Annotated[Fraction, BeforeValidator(_above_zero), PlainSerializer(str, return_type=str)]
"""Exact, above 0."""
Rules = Annotated[tuple[CleanRule, ...], BeforeValidator(listed)]
"""One rule or several; their order says nothing."""


class DropRule(Frozen):
    """Conversations that a source leaves out; exactly one of the five conditions is given."""

    any_of: Texts | None = None
    """Values of `field`: a conversation that has one of them is dropped."""
    none_of: Texts | None = None
    """Values of `field`: a conversation that has none of them is dropped, such as one in another language."""
    field: str = "tags"
    """Key of the row whose text, or list of texts, `any_of` and `none_of` look at."""
    matches: Pattern | None = None
    """Regular expression that is searched in every message; see `role`."""
    role: Literal["any", "system", "user", "assistant"] = "any"
    """Whose messages `matches` looks at."""
    shorter_than: Annotated[Whole, Field(ge=1)] | None = None
    """Characters of all messages together."""
    longer_than: Annotated[Whole, Field(ge=0)] | None = None
    """Characters of all messages together."""

    @model_validator(mode="after")
    def _one_condition(self) -> "DropRule":
        conditions = ("any_of", "none_of", "matches", "shorter_than", "longer_than")
        if sum(getattr(self, name) is not None for name in conditions) != 1:
            raise ValueError(f"give exactly one of {', '.join(conditions)}")
        return self

    @property
    def label(self) -> str:
        """Short text for counts: `tags any_of code, math`."""
        said = self.model_dump(mode="json", exclude_defaults=True)
        where = said.pop("field", self.field if self.any_of or self.none_of else "")
        parts = (
            f"{key} {', '.join(value) if isinstance(value, list) else value}" for key, value in said.items()
        )
        return " ".join(filter(None, [where, *parts]))


class NearDuplicates(Frozen):
    """Removal of conversations that are nearly equal, by MinHash over shingles of words."""

    similarity: Annotated[Number, Field(gt=0, le=1)] = 0.8
    """Jaccard similarity of the shingles from which on two conversations count as one."""
    shingle: Annotated[Whole, Field(ge=1)] = 5
    """Words of one shingle."""
    permutations: Annotated[Whole, Field(ge=16, le=1024)] = 128
    """Hashes of a signature; the estimate has a standard error of at most 1 / (2 √permutations)."""


class Contamination(Frozen):
    """What is done about conversations that share an n-gram of words with a question in use."""

    mode: Literal["report", "remove"] = "report"
    """Count and list them, or leave them out as well."""
    words: Annotated[Whole, Field(ge=3)] = 13
    """Length of the n-gram; a question that is shorter counts as a whole, if it has at least 8 words."""


class PartSpec(Frozen):
    """One file or set of several that are joined into a source."""

    path: str | tuple[str, ...]
    """A file, several files, or a Hub dataset (`hf://owner/name`)."""
    format: FormatName = "auto"
    """Form of a row; `auto` looks at the keys of each. `text` trains on whole documents."""
    weight: Weight = Fraction(1)
    """Share of the source relative to the other parts: 3 and 1 give three to one in every prefix, and the
    part that runs out first ends the source."""
    clean: Rules = ()
    """As of a source, for this part."""
    drop: tuple[DropRule, ...] = ()
    """Conversations of this part that are left out."""

    @model_validator(mode="before")
    @classmethod
    def _bare_path(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        return {"path": value} if isinstance(value, str) else value

    @field_validator("path")
    @classmethod
    def _known(cls, path: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if any(one.startswith(WORLD) for one in listed(path)):
            raise ValueError("a built-in source cannot be joined with others")
        return path

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths, also when only one was given."""
        return (self.path,) if isinstance(self.path, str) else self.path


class SourceSpec(Frozen):
    """A set of training conversations for one ability."""

    path: str | tuple[str, ...] = ()
    """A file, several files, a Hub dataset (`hf://owner/name`), or a built-in source (`world/math`)."""
    join: tuple[PartSpec, ...] = ()
    """In place of `path`: several files or sets with weights."""
    format: FormatName = "auto"
    """Form of a row; `auto` looks at the keys of each. `text` trains on whole documents."""
    rows: Annotated[Whole, Field(ge=1)] | None = None
    """Rows that the files are expected to have; of a built-in source, the rows to generate. With it a sweep
    can be planned before the data is there; another number of rows is shown, not refused."""
    kept: Annotated[Whole, Field(ge=1)] | None = None
    """Conversations that are expected to be left after filters and removal of copies; `null` for `rows`."""
    tokens: Annotated[Number, Field(gt=0)] | None = None
    """Expected tokens per conversation, to plan before the data is there; `null` takes what is usual: 1,370
    with `format: sharegpt`, 400 otherwise."""
    supervised_tokens: Annotated[Number, Field(gt=0)] | None = None
    """Of these, the ones that are expected to enter the loss; `null` takes the usual share."""
    limit: Annotated[Whole, Field(ge=1)] | None = None
    """Use only so many rows, the first of the files; for trying things out."""
    held_out: Annotated[Whole, Field(ge=0)] = 0
    """Questions split off before any subset is taken, for the benchmark `held_out`: it asks one conversation
    of each, and no other answer to them is trained on. The question is all turns before the last answer."""
    clean: Rules = ()
    """Rules that put turns in order; what each changed is counted. `drop_leading_answer`: without what the
    assistant says before the first question. `merge_same_side`: turns of one side in a row become one.
    `drop_trailing_question`: without questions after the last answer."""
    drop: tuple[DropRule, ...] = ()
    """Conversations that are left out, by tag, language, regular expression or length; they are counted."""
    duplicates: Literal["remove", "keep"] = "remove"
    """What happens to exact copies of a conversation; removed ones are counted."""
    near_duplicates: NearDuplicates | None = None
    """Removal of conversations that are nearly equal; `null` for none. Of a group in which each is like
    another, one conversation stays."""
    contamination: Contamination | None = None
    """Comparison with the questions of the sweep's benchmarks; `null` for none."""
    on_bad_row: Literal["refuse", "skip"] = "refuse"
    """A malformed row stops everything before it starts, or is skipped and counted."""
    max_bad_rows: BadShare = Fraction(1, 10)
    """With `skip`: the largest share of the rows of a file, and of all files, that may be bad; above it the
    source is refused. `5%`, `1/20` or `0.05`. Up to three bad rows are let through where half of all rows are
    good, unless it is 0."""

    @model_validator(mode="before")
    @classmethod
    def _bare_path(cls, value: Any) -> Any:  # noqa: ANN401 - raw YAML in and out
        return {"path": value} if isinstance(value, str | list) else value

    @field_validator("path")
    @classmethod
    def _known(cls, path: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for one in listed(path):
            if one.startswith(WORLD) and (one not in BUILT_IN or one != path):
                near = did_you_mean(one, BUILT_IN) if one not in BUILT_IN else ""
                known = ", ".join(BUILT_IN)
                raise ValueError(f"a built-in source is the only path, and is one of {known}{near}")
        return path

    @model_validator(mode="after")
    def _path_or_join(self) -> "SourceSpec":
        if self.path and self.join:
            raise contradiction("name its files in `path` or in `join`, one of them")
        if not self.path and not self.join:
            # of an empty list that is written nothing was taken out
            written = {"path", "join"} & self.model_fields_set
            said = "name at least one file, in `path` or in `join`"
            raise contradiction(said) if written else ValueError(said)
        if self.clean and self.is_world:
            raise contradiction("clean: the turns of a built-in source are in order; leave it out")
        if self.tokens is not None and (self.supervised_tokens or 0) > self.tokens:
            raise contradiction(
                f"supervised_tokens {self.supervised_tokens} are part of tokens {self.tokens}"
            )
        return self

    @property
    def expected_length(self) -> ExpectedLength:
        """Tokens of a conversation, as they are said, or else as is usual of the format."""
        usual = USUAL_LENGTHS.get(self.format, USUAL_LENGTH)
        share = usual.supervised / usual.tokens
        if self.tokens is not None:
            return ExpectedLength(self.tokens, self.supervised_tokens or share * self.tokens)
        if self.supervised_tokens is not None:
            return ExpectedLength(self.supervised_tokens / share, self.supervised_tokens)
        return usual

    @property
    def parts(self) -> tuple[PartSpec, ...]:
        """What is read: the joined parts, or the one that `path` names."""
        return self.join or (PartSpec.model_construct(path=self.path, format=self.format),)

    @property
    def paths(self) -> tuple[str, ...]:
        """All paths of all parts."""
        return tuple(path for part in self.parts for path in part.paths)

    @property
    def is_world(self) -> bool:
        """Whether the source is built in."""
        return self.paths[0].startswith(WORLD)
