"""What was not trained on as it is: conversations cut, split or dropped, and texts that a template lost."""

from .caveats import Note
from .inputs import NotWhole, SweepFacts


def left_out(sweep: SweepFacts) -> list[Note]:
    """A note with a line for each source and model; none where everything was trained on as it is."""
    lines = tuple(_line(one) for one in sweep.not_whole)
    why = (
        "Of each source, what its largest stage so far made of its conversations. Dropped ones keep their "
        "place in an amount and teach nothing."
    )
    return [Note("Data that was not trained on as it is", why, lines)] if lines else []


def _line(one: NotWhole) -> str:
    counts = {"dropped": one.dropped, "cut": one.cut, "split": one.split}
    said = [f"{count:,} {what}" for what, count in counts.items() if count]
    said += [f"{count:,} with lost text ({kind})" for kind, count in one.lost.items()]
    return (
        f"{one.source}, model {one.model}: of {one.conversations:,} conversations {', '.join(said)} "
        f"at max_length {one.max_length:,} (overflow: {one.overflow})"
    )
