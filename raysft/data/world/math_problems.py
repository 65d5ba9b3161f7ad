"""Math: templated word problems in GSM8K's form, worked steps and then `#### n`.

Five kinds: a chain of one to three changes, groups of equal size, a comparison, shopping, a daily rate.
All numbers are whole; results stay between 0 and 200, mostly below 100.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from raysft.data.world.draw import Ranked
from raysft.data.world.item import WorldItem
from raysft.data.world.words import NAMES, OBJECTS

_GAINS = Ranked(
    (
        "{N} buys {k} more.",
        "{N} finds {k} more.",
        "{M} gives {N} {k} {o}.",
        "{N} gets {k} from {M}.",
        "{N} picks up {k}.",
        "{N} wins {k} in a game.",
        "{N} makes {k} more.",
        "{N} takes {k} from {M}.",
        "{N} collects {k} more.",
        "Then {k} {o} arrive by mail.",
        "{N} receives {k} as a gift.",
        "{M} hands over {k} to {N}.",
        "{N} borrows {k}.",
        "{M} loses a bet and owes {N} {k}, paid at once.",
        "{N} adds {k} to the pile.",
        "{M} brings {k} along for {N}.",
    ),
    0.8,
)
_LOSSES = Ranked(
    (
        "{N} loses {k}.",
        "{N} sells {k}.",
        "{N} gives {k} to {M}.",
        "{N} gives {M} {k} {o}.",
        "{M} takes {k} from {N}.",
        "{N} breaks {k}.",
        "{N} throws away {k}.",
        "{N} uses {k}.",
        "{N} donates {k}.",
        "Then {k} {o} go missing.",
        "{N} mails {k} to {M}.",
        "{M} buys {k} from {N}.",
        "{N} lends {k} to {M}.",
        "{N} drops {k} in the lake.",
        "{N} leaves {k} at school.",
        "{N} trades {k} for a hat.",
    ),
    0.8,
)
_DOUBLING = ("{N} doubles the pile.", 2)
_GROWTH = Ranked(
    (
        _DOUBLING,
        ("{N} triples the pile.", 3),
        ("Then {N} has twice as many.", 2),
        ("Then {N} has 3 times as many.", 3),
    ),
    0.8,
)
_BOXES = ("boxes", "bags", "jars", "rows", "packs", "crates")
_LARGEST = 99


@dataclass
class _Story:
    """A problem as it is being told."""

    rng: Random
    owner: str
    other: str
    objects: str
    sentences: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    value: int = 0

    def say(self, *templates: str, k: int = 0, **more: int | str) -> None:
        """Tell one of the templates."""
        words = {"N": self.owner, "M": self.other, "o": self.objects, "k": k} | more
        self.sentences.append(self.rng.choice(templates).format(**words))

    def work(self, template: str, a: int, operator: str, b: int) -> int:
        """Write down one worked step, `{e}` being its equation; returns its result."""
        self.value = {"+": a + b, "-": a - b, "*": a * b}[operator]
        words = {"N": self.owner, "M": self.other, "o": self.objects}
        self.steps.append(template.format(e=f"{a}{operator}{b}={self.value}", **words))
        return self.value


def math_item(rng: Random) -> WorldItem:
    """One word problem; `facts` is `{"answer": "<whole number>"}`."""
    tell = rng.choices(_KINDS, weights=_SHARES)[0]
    owner, other = rng.sample(NAMES, 2)
    story = _Story(rng, owner, other, rng.choice(OBJECTS))
    tell(story)
    reference = " ".join(story.steps) + f"\n#### {story.value}"
    return WorldItem("math", (" ".join(story.sentences),), (reference,), {"answer": str(story.value)})


def _chain(story: _Story) -> None:
    rng = story.rng
    changes = rng.choices([1, 2, 3], weights=[3, 5, 3])[0]
    story.value = rng.randint(3, 40)
    story.say("{N} has {k} {o}.", k=story.value)
    for _ in range(changes):
        _change(story, rng.random())
    story.say(
        "How many {o} does {N} have now?", "How many {o} are left with {N}?", "How many {o} does {N} have?"
    )


def _change(story: _Story, chance: float) -> None:
    rng, have, step = story.rng, story.value, "{N} has {e} {o}."
    if chance < 0.12 and have <= 30:
        template, factor = _GROWTH.draw(rng)
        if have * factor > _LARGEST:
            template, factor = _DOUBLING
        story.say(template)
        story.work(step, have, "*", factor)
    elif (chance < 0.58 or have < 4) and have < 80:
        k = rng.randint(2, 19)
        story.say(_GAINS.draw(rng), k=k)
        story.work(step, have, "+", k)
    else:
        k = rng.randint(2, min(19, have - 1))
        story.say(_LOSSES.draw(rng), k=k)
        story.work(step, have, "-", k)


def _groups(story: _Story) -> None:
    rng, step = story.rng, "There are {e} {o}."
    a, b, box = rng.randint(2, 9), rng.randint(2, 9), rng.choice(_BOXES)
    story.say(
        "There are {a} {box} with {b} {o} in each.",
        "{N} has {a} {box} of {b} {o}.",
        "{N} fills {a} {box} with {b} {o} each.",
        a=a,
        b=b,
        box=box,
    )
    have = story.work(step, a, "*", b)
    if rng.random() < 0.5:
        if rng.random() < 0.5:
            k = rng.randint(2, min(19, have - 1))
            story.say("{N} sells {k}.", "Then {k} are lost.", "{k} of them are bad.", k=k)
            story.work(step, have, "-", k)
        else:
            k = rng.randint(2, 18)
            story.say("{k} more are added.", "{N} buys {k} more.", k=k)
            story.work(step, have, "+", k)
    story.say("How many {o} are there?")


def _comparison(story: _Story) -> None:
    rng, step = story.rng, "{M} has {e} {o}."
    a, k, chance = rng.randint(5, 30), rng.randint(2, 12), rng.random()
    story.say("{N} has {k} {o}.", k=a)
    if chance < 0.4:
        story.say("{M} has {k} more than {N}.", k=k)
        others = story.work(step, a, "+", k)
    elif chance < 0.75:
        k = min(k, a - 1)
        story.say("{M} has {k} fewer than {N}.", k=k)
        others = story.work(step, a, "-", k)
    else:
        story.say("{M} has twice as many as {N}.")
        others = story.work(step, a, "*", 2)
    if rng.random() < 0.6:
        story.work("Together they have {e} {o}.", a, "+", others)
        story.say("How many {o} do they have together?")
    else:
        story.say("How many {o} does {M} have?")


def _shopping(story: _Story) -> None:
    rng = story.rng
    price, count = rng.randint(2, 9), rng.randint(2, 9)
    story.say("Each {one} costs {k} dollars.", k=price, one=story.objects[:-1])
    story.say("{N} buys {k}.", k=count)
    paid = story.work("{N} pays {e} dollars.", price, "*", count)
    if rng.random() < 0.6:
        purse = rng.randint(paid, _LARGEST)
        story.say("{N} had {k} dollars.", k=purse)
        story.say("How many dollars are left?")
        story.work("{N} has {e} dollars left.", purse, "-", paid)
    else:
        story.say("How many dollars does {N} pay?")


def _rate(story: _Story) -> None:
    rng = story.rng
    a, b, does = rng.randint(2, 9), rng.randint(2, 9), rng.choice(("paints", "packs", "counts", "cleans"))
    story.say("{N} {does} {k} {o} a day for {days} days.", k=a, days=b, does=does)
    done = story.work("{N} " + does + " {e} {o}.", a, "*", b)
    if rng.random() < 0.5:
        k = rng.randint(2, 15)
        story.say("{M} {does} {k} {o}.", k=k, does=does)
        story.work("Together they have {e} {o}.", done, "+", k)
    story.say("How many {o} in total?")


_KINDS: tuple[Callable[[_Story], None], ...] = (_chain, _groups, _comparison, _shopping, _rate)
_SHARES = (55, 12, 15, 10, 8)
