"""`raysft plan` from the view of a plan to what is printed."""

import sys

from rich.console import Console

from raysft.cli.plan.as_json import write_plan
from raysft.cli.plan.as_text import Rest, show_plan
from raysft.cli.plan.points import show_points
from raysft.plan.cost.estimate import estimate
from raysft.sweep.results.plan_view import PlanView


def print_json(view: PlanView) -> None:
    """The plan as JSON; see `raysft.cli.plan.as_json` for its keys."""
    write_plan(view.account, view.missing, sys.stdout)


def print_points(view: PlanView, console: Console) -> None:
    """Every cell with its stages."""
    show_points(console, view.account)


def print_plan(view: PlanView, console: Console) -> None:
    """Trees, totals, and what they rest on."""
    finished = {
        address: (record.steps, record.provenance.seconds) for address, record in view.records.items()
    }
    rest = Rest(estimate(view.account.survey.plan, finished), view.missing, view.has_store)
    show_plan(console, view.account, view.records, rest)
