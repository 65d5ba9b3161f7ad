"""What a command line of `raysft data` means, with everything that is wrong with it in one answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from raysft.data.inspect.named_source import NamedSource, named_source
from raysft.errors import InputError, Problem, gathered

if TYPE_CHECKING:
    from raysft.cli.data.named_model import NamedModel


@dataclass(frozen=True)
class SourceArguments:
    """SOURCE, and what says more about it."""

    given: Sequence[str]
    form: str = "auto"
    """`--format`."""
    changes: Sequence[str] = ()
    """`--set`."""
    clean: Sequence[str] = ()
    """`--clean`."""


@dataclass(frozen=True)
class ModelOptions:
    """`--model`, and what goes with it; None for what is not given."""

    model: str | None
    template: str | None = None
    max_length: int | None = None
    overflow: str | None = None

    def problems(self) -> list[Problem]:
        """What is given although there is no model."""
        further = {
            "--template": self.template,
            "--max-length": self.max_length,
            "--overflow": self.overflow,
        }
        given = {name: value for name, value in further.items() if value is not None}
        return [
            Problem(name, str(value), "needs --model BASE")
            for name, value in given.items()
            if self.model is None
        ]


@dataclass(frozen=True)
class Meant:
    """What a command line means."""

    source: NamedSource
    model: "NamedModel | None"


def meant_by(source: SourceArguments, options: ModelOptions, further: Sequence[Problem] = ()) -> Meant:
    """Find source and model.

    Args:
        source: what is named.
        options: about a model.
        further: what else is wrong with the command line.

    Raises:
        InputError: with everything that is wrong.
    """
    problems = [*further, *options.problems()]
    found, model = None, None
    with gathered(problems):
        found = named_source(source.given, source.form, source.changes, source.clean)
    if options.model is not None:
        # takes transformers along, which a command line without a model need not wait for
        from raysft.cli.data.named_model import named_model

        with gathered(problems):
            model = named_model(options.model, options, found.sweep if found else None)
    if problems or found is None:
        raise InputError(problems)
    return Meant(found, model)
