"""What a stage trains on, in words: conversations of each source, and what they are in supervised tokens."""

from raysft.plan.tree import Stage
from raysft.sweep.account.totals import Account


def mixture_text(account: Account, stage: Stage) -> str:
    """A mixture with its ratio in supervised tokens: `code 8 + math 64 (supervised tokens 22% + 78%)`.

    The two differ where conversations of one source are longer, and it is tokens that a mean over tokens
    weighs.
    """
    said = stage.mixture_text()
    shares = supervised_shares(account, stage)
    if len(shares) < 2:
        return said
    return f"{said} (supervised tokens {' + '.join(map(share_text, shares.values()))})"


def supervised_shares(account: Account, stage: Stage) -> dict[str, float]:
    """By key of the source, its share of the supervised tokens of one epoch; empty where there are none."""
    survey = account.survey
    tokens = {
        portion.source: survey.measure(stage.model, portion.source, stage.recipe)
        .total(stage.subset_seed, portion.count)
        .supervised
        for portion in stage.portions
    }
    total = sum(tokens.values())
    return {source: count / total for source, count in tokens.items()} if total else {}


def share_text(share: float) -> str:
    """A share in per cent, with a digit more where it is small: 0.4%, 12%."""
    if share and share < 0.0005:
        return "<0.1%"
    return f"{share:.1%}" if 0 < share < 0.01 else f"{share:.0%}"
