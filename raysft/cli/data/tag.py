"""`raysft data tag`: what is done once the command line has been read."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from raysft.cli.data.named_model import NamedModel, opened_model
from raysft.cli.terminal_text import on_one_line
from raysft.data.conversation import Conversation
from raysft.data.inspect.named_source import NamedSource
from raysft.data.read.formats import short
from raysft.data.tag.label_prompt import LabelPrompt
from raysft.data.tag.tag_rules import RuleTagger, read_rules
from raysft.data.tag.tags import GoodRows, OnBadRow, TagCounts, write_tagged
from raysft.errors import InputError, Problem


@dataclass(frozen=True)
class Target:
    """Where tags come from rows and go to."""

    source: NamedSource
    out: Path
    field: str
    on_bad_row: OnBadRow

    def write(self, tagger: "RuleTagger | _Given") -> TagCounts:
        """Write the file."""
        return write_tagged(self.source, tagger, self.out, self.field, self.on_bad_row)

    def conversations(self) -> Iterator[Conversation]:
        """Of all good rows."""
        return GoodRows(self.source, self.field, self.on_bad_row).conversations()


def tag_by_rules(target: Target, rules: str, console: Console) -> None:
    """Tag with a file of rules, and say how many rows got which tag."""
    tagger = RuleTagger(read_rules(rules))
    with console.status("reading"):
        counts = target.write(tagger)
    _say(console, target.out, counts)


def tag_by_model(target: Target, model: NamedModel, prompt: LabelPrompt, console: Console) -> None:
    """Let a model tag on a Ray cluster of our own, or go on with it.

    Everything is read once before anything starts, so that a bad row is found at once and not after hours.
    """
    # Ray and torch take seconds to import, which a wrong command line need not spend.
    from raysft.sweep.run.session import ray_session
    from raysft.sweep.tag.kept_answers import kept_answers, partial_path
    from raysft.sweep.tag.tagging import label_conversations
    from raysft.sweep.tag.tagging_pool import TaggingModel

    with console.status("reading"):
        rows = sum(1 for _ in target.conversations())
    partial = partial_path(target.out)
    with (
        opened_model(model, "weights") as opened,
        kept_answers(partial) as kept,
        ray_session(None) as session,
        _shown(console, rows) as bar,
    ):
        chosen = TaggingModel.at(opened.folder, session)
        found = label_conversations(target.conversations(), prompt, chosen, session, kept, bar.told)
    counts = target.write(_Given(found.labels))
    partial.unlink()
    _say(console, target.out, counts)
    for count, what in (
        (found.kept, "answers were there from an earlier run"),
        (found.unknown, "answers were no list of labels: no tag"),
        (found.too_long, "conversations did not fit the model's context: no tag"),
    ):
        if count:
            console.print(Text(f"{count:,} {what}"), soft_wrap=True)


class _Given:
    """Gives the tags of a list, one conversation after the other."""

    def __init__(self, labels: list[tuple[str, ...]]) -> None:
        self._labels = iter(labels)

    def __call__(self, conversation: Conversation) -> tuple[str, ...]:
        """The tags of the next conversation."""
        labels = next(self._labels, None)
        if labels is None:
            said = short(conversation.messages[0].content)
            raise InputError([Problem("SOURCE", said, "rows were added while it was tagged; run it again")])
        return labels


class _Bar:
    def __init__(self, progress: Progress, rows: int) -> None:
        self._progress, self._task = progress, progress.add_task("tagging", total=rows)

    def told(self, done: int) -> None:
        self._progress.update(self._task, completed=done)


@contextmanager
def _shown(console: Console, rows: int) -> Iterator[_Bar]:
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield _Bar(progress, rows)


def _say(console: Console, out: Path, counts: TagCounts) -> None:
    console.print(Text(f"{out}: {counts.rows:,} rows, {counts.tagged:,} tagged"), soft_wrap=True)
    for tag, count in counts.given.most_common():
        console.print(Text(f"  {on_one_line(tag)}: {count:,} ({count / counts.rows:.1%})"), soft_wrap=True)
    if counts.skipped:
        console.print(Text(f"{counts.skipped:,} bad rows left out", "red"), soft_wrap=True)
