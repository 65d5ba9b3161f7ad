"""What was found while a source was read."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field

from raysft.identity import Json


@dataclass(frozen=True)
class Finding:
    """A conversation that shares words with a question of a benchmark."""

    conversation: str
    """Its content id."""
    where: str
    """`file:line` of one of its copies."""
    benchmark: str
    words: str
    """The words that both have, as they are compared: lower case, without punctuation."""


@dataclass(frozen=True)
class SourceFacts:
    """Counts in which every row of a source is exactly once.

    read = bad_rows + sum of dropped + duplicates + near_duplicates + decontaminated + held_out
           + held_out_answers + held_out_elsewhere + left
    """

    read: int
    """Rows, bad ones and copies included."""
    bad_rows: int = 0
    """Malformed rows that were skipped."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows that a drop rule left out, by its label; a rule that dropped nothing is there with 0."""
    cleaned: Mapping[str, int] = field(default_factory=dict)
    """Rows that a rule of `clean` changed, by the rule; counted below too, by what became of them."""
    duplicates: int = 0
    """Exact copies that were removed."""
    near_duplicates: int = 0
    """Rows that were removed because they are nearly equal to a conversation that stays."""
    decontaminated: int = 0
    """Rows that were removed because they share words with a question."""
    held_out: int = 0
    """Conversations split off, one for each question."""
    held_out_answers: int = 0
    """Further answers to the same questions, copies included: neither trained on nor asked."""
    held_out_elsewhere: int = 0
    """Conversations whose question another source of the sweep holds out, copies included."""
    left: int = 0
    """Conversations to train on; of a joined source, before its weights say how many of them are used."""
    contaminated: int = 0
    """Rows that share words with a question, removed or not."""
    findings: tuple[Finding, ...] = ()
    """The first of them in the order of their ids."""
    expected_rows: int | None = None
    """Rows that the sweep file says there are; None where it says nothing that could be compared."""
    expected_kept: int | None = None
    """Conversations that the sweep file says are left, held-out ones included; None as above."""

    @property
    def kept(self) -> int:
        """What is left after filters and removal of copies, before the held-out split."""
        return self.left + self.held_out + self.held_out_answers + self.held_out_elsewhere

    @property
    def unexpected(self) -> str | None:
        """What is not as the sweep file says, or None."""
        return "; ".join(self._differences()) or None

    def _differences(self) -> Iterator[str]:
        if self.expected_rows not in (None, self.read):
            yield f"{self.read} rows were read, `rows` expects {self.expected_rows}"
        if self.expected_kept not in (None, self.kept):
            yield f"{self.kept} conversations are left, `kept` expects {self.expected_kept}"


def source_json(facts: SourceFacts) -> dict[str, Json]:
    """The facts as JSON, the first findings included."""
    return {
        **{name: getattr(facts, name) for name in _COUNTS},
        "dropped": dict(facts.dropped),
        "cleaned": dict(facts.cleaned),
        "findings": [asdict(one) for one in facts.findings],
    }


_COUNTS = (
    "read",
    "bad_rows",
    "duplicates",
    "near_duplicates",
    "contaminated",
    "decontaminated",
    "held_out",
    "held_out_answers",
    "held_out_elsewhere",
    "left",
)
