"""The tokens of what training would use of a source, counted as training counts them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import PreTrainedTokenizerBase

from raysft.data.inspect.file_facts import Spread
from raysft.data.read.formats import short
from raysft.data.sources.pipeline import Source
from raysft.data.tokens.fitting import Overflow
from raysft.data.tokens.prepared import Prepared
from raysft.data.tokens.template import encode
from raysft.data.tokens.tokenise import prepare
from raysft.errors import InputError, Problem


@dataclass(frozen=True)
class TokenFacts:
    """The tokens of the conversations that training would use, counted as training counts them."""

    tokens: Spread
    """Of whole conversations, template included."""
    supervised_tokens: int
    """Of these, the ones that are predicted and enter the loss."""
    longer: int
    """Conversations of more than `max_length` tokens."""
    cut: int
    split: int
    dropped: int
    """What becomes of them; also dropped is what has no supervised token."""
    trained_tokens: int
    """Tokens that are left."""
    trained_supervised_tokens: int
    """Of these, the ones that enter the loss: what one epoch over the whole source trains on."""
    lost: Mapping[str, int]
    """Conversations of which the template loses text, by what it is (`raysft.data.tokens.arrival`)."""


def count_tokens(source: Source, tokenizer: Path, max_length: int, overflow: Overflow) -> TokenFacts:
    """Tokenise what training would use of a source, on all cores, and fit it into sequences.

    Args:
        source: with at least one conversation.
        tokenizer: folder that `transformers.AutoTokenizer` opens, with the chat template in use.
        max_length: longest sequence in tokens.
        overflow: what happens to longer conversations.

    Raises:
        InputError: the template refuses a conversation; see `refused`.
    """
    with TemporaryDirectory() as folder:
        prepare(source.trained, tokenizer, Path(folder))
        prepared = Prepared.open(Path(folder))
        lengths, fitted = prepared.lengths, prepared.fitted_counts(max_length, overflow)
        supervised = int(prepared.supervised_counts.sum())
        lost = {str(kind): loss.conversations for kind, loss in prepared.losses.items()}
    spread = Spread.of(lengths)
    if spread is None:
        raise ValueError("a source without conversations has no tokens")
    return TokenFacts(
        tokens=spread,
        supervised_tokens=supervised,
        longer=int((lengths > max_length).sum()),
        cut=fitted.count("cut"),
        split=fitted.count("split"),
        dropped=fitted.count("dropped"),
        trained_tokens=int(fitted.tokens.sum()),
        trained_supervised_tokens=int(fitted.supervised.sum()),
        lost=lost,
    )


def refused(source: Source, tokenizer: PreTrainedTokenizerBase) -> Iterator[Problem]:
    """The conversations that a chat template refuses, one by one."""
    for conversation in source.trained:
        try:
            encode(tokenizer, conversation)
        except InputError as error:
            said = short(conversation.messages[0].content)
            yield Problem(f"conversation {conversation.id[:12]}", said, error.problems[0].value)
