"""What a pilot comes to, in a few paragraphs: for the terminal, and for the top of the sweep file."""

from collections.abc import Iterator
from functools import cache
from itertools import combinations

from raysft.pilot.data_files import DataFile
from raysft.pilot.draft import Chosen
from raysft.pilot.fit_budget import TRAINING_SHARE, Pilot
from raysft.plan.cost.compute import hours_text, money
from raysft.plan.cost.fixed_cost import RUN_S
from raysft.plan.cost.power import ASSUMED, Detectable, smallest_detectable
from raysft.plan.cost.wall_clock import clock_text

_LITTLE = 0.5
"""Share of a budget below which something can be added to a sweep."""


def outcome(chosen: Chosen, pilot: Pilot) -> Iterator[str]:
    """Hours, money, disk, what was given up, what will be seen, and what is odd about the files."""
    yield _price(chosen, pilot)
    yield _work(pilot)
    yield _without(chosen, pilot)
    if chosen.last is None:
        yield (
            "There is one file. What it gains from more of its own data is asked; in what ratio and order "
            "abilities should be trained is not, for that takes a second file."
        )
    yield from _power(chosen, pilot)
    yield from _overlaps(chosen)
    yield from _templates(chosen)


def detectable(chosen: Chosen, pilot: Pilot, ability: str) -> Detectable:
    """The smallest differences that the held-out questions of an ability will show."""
    one = chosen.files[ability]
    return _detectable(assumed_kind(one), one.held_out, len(pilot.grid.seeds))


def assumed_kind(one: DataFile) -> str:
    """The name of the assumptions about its held-out set."""
    return "held_out_loss" if one.by_loss else "held_out"


@cache
def _detectable(kind: str, held_out: int, seeds: int) -> Detectable:
    return smallest_detectable(held_out, seeds, ASSUMED[kind])


def difference_text(chosen: Chosen, pilot: Pilot, ability: str) -> str:
    """The smallest difference between two recipes that is likely to show, with its unit."""
    found = detectable(chosen, pilot, ability).recipes
    if chosen.files[ability].by_loss:
        return "none" if found is None else f"{found:.2g} nats per token"
    return "none" if found is None else f"{found:.1f} points of 100"


def _price(chosen: Chosen, pilot: Pilot) -> str:
    training, asked, beside = pilot.bill.whole.shared, pilot.evaluation, pilot.overhead
    chip, at_work = chosen.placement.accelerator, chosen.placement.side_by_side
    return (
        f"Budget {chosen.allowance}. Expected: {hours(pilot.hours, chosen)} on {chip.name}, "
        f"{number(money(pilot.hours, chip))} USD at {chip.price_per_hour:g} an hour. Of these, "
        f"{hours_text(training.gpu_hours, training.core_hours)} train, "
        f"{hours_text(asked.gpu_hours, asked.core_hours)} answer {asked.questions:,} questions, and "
        f"{hours(beside.training_hours + beside.answering_hours, chosen)} start stages and read and write "
        f"weights ({clock_text(beside.stages_s)} for all stages). With {at_work} {chip.name} at work it "
        f"takes about {clock_text(RUN_S + 3600 * pilot.hours / at_work)}. Training may take "
        f"{float(TRAINING_SHARE):.0%} of a budget; the rest is for the answers, and for what an estimate "
        "does not see."
    )


def _work(pilot: Pilot) -> str:
    whole = pilot.bill.whole
    return (
        f"{pilot.counts.text}, which share {whole.stages} stages; one run for each point would "
        f"train {whole.saved_against_one_run_per_point or 1:.1f} times as many conversations. The store "
        f"grows to {number(pilot.disk.total / 1e9)} GB, most of it weights of finished stages."
    )


def _without(chosen: Chosen, pilot: Pilot) -> str:
    if pilot.without:
        told = "; ".join(f"{one.text}, {hours(one.hours, chosen)} more" for one in pilot.without)
        return f"Left out because the budget is too small, the most telling first: {told}."
    given = chosen.allowance.hours(chosen.placement.accelerator, chosen.placement.side_by_side)
    said = "Nothing was left out."
    if pilot.needs < _LITTLE * given:
        said += (
            f" It is {pilot.needs / given:.0%} of the budget: more questions or further seeds would show "
            "smaller differences."
        )
    return said


def _power(chosen: Chosen, pilot: Pilot) -> Iterator[str]:
    said = ", ".join(
        f"{difference_text(chosen, pilot, ability)} on {ability} ({chosen.files[ability].held_out} questions)"
        for ability in chosen.asked
    )
    kinds = dict.fromkeys(assumed_kind(chosen.files[ability]) for ability in chosen.asked)
    if said:
        yield (
            f"The smallest difference between two recipes that {len(pilot.grid.seeds)} seeds are likely to "
            f"show: {said}. Assumed: {'; of losses: '.join(ASSUMED[kind].text for kind in sorted(kinds))}."
        )


def _overlaps(chosen: Chosen) -> Iterator[str]:
    for first, second in combinations(chosen.files, 2):
        common = len(chosen.files[first].questions & chosen.files[second].questions)
        if common:
            yield (
                f"Beware: {common:,} questions are both in {first} and in {second}. What the one holds out "
                "is taken from the other, and what is left is in both."
            )


def _templates(chosen: Chosen) -> Iterator[str]:
    for ability, one in chosen.files.items():
        if one.template:
            yield (
                f"Beware: the questions of {ability} already hold a chat template ({one.template}), which "
                f"would be inside that of the model ({chosen.model.template}). Take it out of the file."
            )


def hours(value: float, chosen: Chosen) -> str:
    """Accelerator-hours with their unit, as `raysft plan` writes them."""
    return hours_text(value, 0) if chosen.on_gpus else hours_text(0, value)


def number(value: float) -> str:
    """Two digits, or whole where there are more before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}"
