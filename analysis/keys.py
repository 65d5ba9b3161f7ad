"""Which rows are one cell: those with equal values on every axis but the seed, whatever their labels."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from .inputs import Row
from .labels import printable, ratio_text, variant_text

BASE = "base"


@dataclass(frozen=True)
class Key:
    """What the points of a cell have in common: everything but the seed."""

    study: str
    model: str
    strategy: str
    amount: str
    """Exact text such as `1/4`; empty for the base."""
    amount_value: float
    """For axes and sorting only; 0 for the base."""
    details: str
    """Ratio, source variant and changes of the recipe, such as `code ×2`; empty where all are usual. Within a
    study and model no two recipes have the same strategy and details."""
    is_base: bool = False
    """Whether this is the model as it came."""

    @property
    def recipe(self) -> str:
        """Strategy, and details where they are not the usual ones."""
        return f"{self.strategy}, {self.details}" if self.details else self.strategy

    @property
    def label(self) -> str:
        """Recipe and amount."""
        return self.recipe if self.is_base else f"{self.recipe} at {self.amount}"


def by_key(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    """The rows of each cell. Recipes whose labels are the same and whose values are not get other labels."""
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        amount = "" if _is_base(row) else row.amount or ""
        grouped.setdefault((row.study, row.model, _recipe(row), amount), []).append(row)
    labels = _details(grouped)
    return {_key(group[0], labels[values[:3]]): group for values, group in grouped.items()}


def _is_base(row: Row) -> bool:
    return row.stages == 0 or (row.stages is None and row.strategy == BASE)


def _recipe(row: Row) -> str:
    """The values of a row that its amount and seed say nothing of, as text; empty for the base."""
    if _is_base(row):
        return ""
    values = json.loads(row.axes) if row.axes else None
    if isinstance(values, dict):
        return json.dumps({key: values[key] for key in values if key != "amount"}, sort_keys=True)
    return json.dumps((row.axes, row.strategy, row.ratio, row.ratio_name, row.variant, row.recipe))


def _details(grouped: dict[tuple[str, ...], list[Row]]) -> dict[tuple[str, ...], str]:
    """Of each recipe of a study and model, a text that no other one of the same strategy has."""
    firsts = {values[:3]: group[0] for values, group in grouped.items() if values[2]}
    found = {values: _short(row) for values, row in firsts.items()}
    for values in _shared(found, firsts):
        found[values] = _full(firsts[values])
    numbers: dict[tuple[str, ...], int] = {}
    for values in _shared(found, firsts):
        shown = (*values[:2], firsts[values].strategy, found[values])
        numbers[shown] = numbers.get(shown, 0) + 1
        found[values] = ", ".join(filter(None, (shown[-1], f"#{numbers[shown]}")))
    return {values[:3]: found.get(values[:3], "") for values in grouped}


def _shared(found: dict[tuple[str, ...], str], firsts: dict[tuple[str, ...], Row]) -> list[tuple[str, ...]]:
    """The recipes that look like another one of their study and model."""
    looks: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for values, text in found.items():
        looks.setdefault((*values[:2], printable(firsts[values].strategy), text), []).append(values)
    return [values for alike in looks.values() if len(alike) > 1 for values in alike]


def _short(row: Row) -> str:
    return _joined(row.ratio_name or ratio_text(row.ratio), variant_text(row.variant), row.recipe)


def _full(row: Row) -> str:
    """With what a name of a ratio stands for."""
    factors = ratio_text(row.ratio) or "×1"
    ratio = f"{row.ratio_name} ({factors})" if row.ratio_name else ratio_text(row.ratio)
    return _joined(ratio, variant_text(row.variant), row.recipe)


def _joined(*parts: str | None) -> str:
    # Names come from files of users: they must neither steer a terminal nor break the XML of a figure.
    return printable(", ".join(filter(None, parts)))


def _key(row: Row, details: str) -> Key:
    study, model, strategy = printable(row.study), printable(row.model), printable(row.strategy)
    if _is_base(row):
        return Key(study, model, strategy, "", 0.0, "", is_base=True)
    return Key(study, model, strategy, printable(row.amount or ""), row.amount_value or 0.0, details)
