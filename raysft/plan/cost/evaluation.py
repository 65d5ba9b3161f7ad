"""What evaluation asks for before it has begun: answers, tokens of a judge, hours.

Everything here rests on two guesses, which a plan prints: prompts of a fixed length, and answers half as long
as their limit. Not covered: judges that are models in the pool, whose hours depend on the model.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from raysft.identity import BenchmarkKey
from raysft.plan.cost.accelerators import Precision
from raysft.plan.cost.bill import Machine
from raysft.plan.cost.compute import generation_flops, generation_hours, money
from raysft.plan.cost.engine_memory import Lengths
from raysft.plan.token_counts import Basis

PROMPT_TOKENS = 150
"""Of one turn, template included; a guess."""
LONGEST_PROMPT = 400
"""The same of the longest turn of a benchmark whose questions are not here; HumanEval has some of it."""
TEMPLATE_TOKENS = 60
"""Of a chat template around one turn; a guess, with room for a system prompt."""
CHARACTERS_PER_TOKEN = 3
"""To tell the tokens of a prompt without a tokenizer, rather too many than too few."""
ANSWER_SHARE = 0.5
"""Length of an answer as a share of its limit; a guess."""
USUAL_LIMIT = 512
"""Tokens of one answer at most, for benchmarks whose files are not here."""
USUAL_LIMITS = {"mt_bench": 1024, "math": 1024, "held_out": 256, "held_out_loss": 1}
"""The same of those that differ."""
USUAL_TURNS = {"mt_bench": 2}
"""Turns of each item, of those that have more than one."""
NEED_JUDGE = ("mt_bench",)
"""Benchmarks whose answers only a judge can grade. There is none yet, so their scores stay open."""
JUDGE_PROMPT_TOKENS = 350
"""Instructions to a judge, for each of its calls (Zheng et al. 2023, arXiv 2306.05685, figures 6 and 8)."""
JUDGE_ANSWER_TOKENS = 150
"""Explanation and rating."""


class BenchmarkSize(NamedTuple):
    """How much one benchmark asks."""

    items: int
    turns: int
    """Of each item."""
    max_new_tokens: int
    """Limit of one turn."""
    judged: bool
    """Whether a judge reads the answers, once for each turn."""
    basis: Basis
    """`counted` where the questions are here."""
    lacks_judge: bool = False
    """Whether only a judge could grade the answers, and there is none: they are kept, and left unscored."""
    longest_prompt: int = LONGEST_PROMPT
    """Tokens of the longest question, all its turns together, template included."""

    @property
    def longest_row(self) -> Lengths:
        """The last turn of the longest question: it comes after the answers to the turns before."""
        before = (self.turns - 1) * self.max_new_tokens
        return Lengths(self.longest_prompt + before, self.max_new_tokens)

    @property
    def answer_tokens(self) -> int:
        """Expected tokens of one answer."""
        return max(1, round(self.max_new_tokens * ANSWER_SHARE))

    @property
    def judge_tokens(self) -> int:
        """Tokens in and out of a judge for all items: for turn t it reads the first t turns."""
        if not self.judged:
            return 0
        turn = PROMPT_TOKENS + self.answer_tokens
        read = sum(JUDGE_PROMPT_TOKENS + upto * turn for upto in range(1, self.turns + 1))
        return self.items * (read + self.turns * JUDGE_ANSWER_TOKENS)


class EvaluationEffort(NamedTuple):
    """What all scores of a plan take."""

    scores: int = 0
    """Weights × benchmarks."""
    questions: int = 0
    """Items asked of all weights."""
    answers: int = 0
    """Turns answered."""
    judge_tokens: int = 0
    """In and out of the judge."""
    gpu_hours: float = 0.0
    """Hours of one GPU for answering; 0 where cores answer."""
    core_hours: float = 0.0
    """Hours of one CPU core for answering; 0 where GPUs answer."""
    cost: float = 0.0
    """US dollars of these hours; the judge's own price is not known."""

    @property
    def hours(self) -> float:
        """Of whatever answers; to be said with a unit only where all of it is of one kind."""
        return self.gpu_hours + self.core_hours


def evaluation_effort(
    asked: Iterable[tuple[str, BenchmarkKey]],
    sizes: Mapping[BenchmarkKey, BenchmarkSize],
    engines: Mapping[str, Machine],
    precision: Precision,
) -> EvaluationEffort:
    """Add up the scores of a plan.

    Args:
        asked: (model, key of the benchmark) of every score.
        sizes: by key of the benchmark.
        engines: what answers, by model; see `raysft.plan.cost.accelerators.engine_of`.
        precision: number format in which answers are generated.
    """
    total = EvaluationEffort()
    for model, key in asked:
        size, engine = sizes[key], engines[model]
        turns = size.items * size.turns
        flops = turns * generation_flops(engine.shape, PROMPT_TOKENS, size.answer_tokens)
        hours = generation_hours(flops, engine.accelerator, precision)
        on_core = engine.accelerator.is_core
        total = EvaluationEffort(
            total.scores + 1,
            total.questions + size.items,
            total.answers + turns,
            total.judge_tokens + size.judge_tokens,
            total.gpu_hours + (0.0 if on_core else hours),
            total.core_hours + (hours if on_core else 0.0),
            total.cost + money(hours, engine.accelerator),
        )
    return total
