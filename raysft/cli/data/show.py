"""`raysft data show`: a few conversations as a model is trained on them."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text
from transformers import PreTrainedTokenizerBase

from raysft.cli.data.arguments import Meant
from raysft.cli.data.check import read_source
from raysft.cli.data.named_model import opened_model
from raysft.data.conversation import Conversation
from raysft.data.inspect.token_spans import Span, token_spans
from raysft.data.sources.pipeline import Source
from raysft.data.tokens.template import encode
from raysft.harmless_text import harmless

_MARKS = "⟦⟧⟨⟩"
_SUPERVISED, _SPECIAL, _OTHER = "green", "magenta", "dim"


def show_source(console: Console, meant: Meant, count: int, seed: int) -> None:
    """Print the first conversations of a source, as its model is trained on them if there is one.

    Raises:
        InputError: the model cannot be used; a file cannot be read; or nothing is left to train on.
    """
    if meant.model is None:
        show_conversations(console, _read(meant, count, seed), None)
        return
    with opened_model(meant.model, "tokenizer") as opened:
        show_conversations(console, _read(meant, count, seed), opened.tokenizer)


def _read(meant: Meant, count: int, seed: int) -> list[Conversation]:
    with Console(stderr=True).status("reading"):
        return first_conversations(read_source(meant.source), count, seed)


def first_conversations(source: Source, count: int, seed: int) -> list[Conversation]:
    """The conversations that the smallest amounts of a sweep with this seed train on; always the same."""
    return [source.conversation(one) for one in source.index.prefix(seed, min(count, source.index.rows))]


def show_conversations(
    console: Console, conversations: Sequence[Conversation], tokenizer: PreTrainedTokenizerBase | None
) -> None:
    """Print conversations, what is supervised in another colour, or between ⟦ and ⟧ where there are none.

    Args:
        console: where to.
        conversations: their texts may be hostile.
        tokenizer: with the chat template in use; None shows the messages without a template.
    """
    marks = console.color_system is None or console.no_color
    console.print(_legend(marks, tokenizer is not None), soft_wrap=True)
    for number, one in enumerate(conversations, start=1):
        spans = token_spans(tokenizer, encode(tokenizer, one)) if tokenizer else list(_message_spans(one))
        heading = f"\n── {number} of {len(conversations)}, {one.id[:12]}: {_counts(one, spans, tokenizer)}"
        console.print(Text(heading, "bold"), soft_wrap=True)
        console.print(_drawn(spans, marks), soft_wrap=True)


def _legend(marks: bool, tokens: bool) -> Text:
    if marks:
        said = "⟦supervised⟧" + (" ⟨special token⟩" if tokens else "")
        return Text(said)
    parts = [("supervised", _SUPERVISED), (" ", ""), ("not supervised", _OTHER)]
    return Text.assemble(*parts, *([(" ", ""), ("special token", _SPECIAL)] if tokens else []))


def _counts(one: Conversation, spans: Sequence[Span], tokenizer: PreTrainedTokenizerBase | None) -> str:
    if tokenizer is None:
        characters = sum(len(message.written) for message in one.messages)
        return f"{len(one.messages)} messages, {characters:,} characters"
    supervised = sum(span.tokens for span in spans if span.supervised)
    return f"{sum(span.tokens for span in spans):,} tokens, {supervised:,} supervised"


def _message_spans(one: Conversation) -> Iterator[Span]:
    line = ""
    for message in one.messages:
        learnt = message.supervised and message.role in ("assistant", "text")
        for what, said in (("thinks", message.reasoning), ("", message.content)):
            if said or not what:
                yield Span(f"{line}{f'{message.role} {what}'.strip()}: ", 0, supervised=False, special=False)
                yield Span(said, 0, supervised=learnt, special=False)
                line = "\n"


def _drawn(spans: Sequence[Span], marks: bool) -> Text:
    return Text("".join(_marked(spans))) if marks else Text.assemble(*map(_coloured, spans))


def _coloured(span: Span) -> tuple[str, str]:
    colour = _SUPERVISED if span.supervised else _OTHER
    return harmless(span.text), f"{_SPECIAL} {'bold' if span.supervised else ''}" if span.special else colour


def _marked(spans: Sequence[Span]) -> Iterator[str]:
    """Neighbouring supervised spans share one pair of marks; marks in a text are shown by their numbers."""
    supervised = False
    for span in spans:
        if span.supervised != supervised:
            yield "⟦" if span.supervised else "⟧"
            supervised = span.supervised
        text = harmless(span.text, _MARKS)
        yield f"⟨{text}⟩" if span.special else text
    if supervised:
        yield "⟧"
