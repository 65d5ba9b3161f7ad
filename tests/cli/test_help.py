"""What every command says of itself."""

import click
import pytest
import typer
from support.command import Command
from support.places import SWEEPS

from raysft.cli.main import app


def commands() -> list[tuple[str, ...]]:
    """The words of every command, those of `data` included."""

    def below(group: object, words: tuple[str, ...]) -> list[tuple[str, ...]]:
        inner = getattr(group, "commands", {})
        return [words] + [found for name, one in inner.items() for found in below(one, (*words, name))]

    return below(typer.main.get_command(app), ())


def test_there_are_commands_to_look_at() -> None:
    assert {("run",), ("quickstart",), ("data", "check")} <= set(commands())


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_help_ends_with_an_example(words: tuple[str, ...], option: str, command: Command) -> None:
    done = command(*words, option)
    assert done.code == 0
    example = "Example: " + " ".join(("raysft", *words))
    assert example in " ".join(click.unstyle(done.printed).split())


def test_the_version_is_printed(command: Command) -> None:
    assert command("--version").printed.startswith("raysft ")


def test_the_quickstart_shows_its_sweep_file_and_runs_nothing(command: Command) -> None:
    done = command("quickstart", "--show")
    assert done.printed == (SWEEPS / "quickstart.yaml").read_text()
    assert done.code == 0
