"""From what the user asks of `raysft init` to a checked sweep file, or to every problem at once."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from textwrap import wrap

from tokenizers import Tokenizer

from raysft.errors import InputError, Problem, gathered
from raysft.pilot.abilities import ability_names, choose_last
from raysft.pilot.budget import Allowance, read_allowance
from raysft.pilot.commented_yaml import compose, write_checked
from raysft.pilot.comments import notes_on
from raysft.pilot.data_files import CountTokens, DataFile, look_at
from raysft.pilot.draft import Chosen, learning_rate, sweep_of
from raysft.pilot.fit_budget import Pilot, largest_that_fits
from raysft.pilot.found_model import FoundModel, find_model
from raysft.pilot.grids import Studies, batch_size
from raysft.pilot.placement import Placement, place
from raysft.pilot.summary import outcome
from raysft.plan.cost.accelerators import ACCELERATORS, USUAL_CORE, USUAL_GPU, Accelerator
from raysft.plan.cost.bill import Machine
from raysft.spec import SweepSpec
from raysft.spec.recipe import Recipe

_SHORTEST = 128
"""Least `max_length`: a template needs its room."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Wanted:
    """What the user asks for, as it was given."""

    data: tuple[str, ...]
    model: str
    budget: str
    out: Path
    name: str | None
    accelerator: str | None
    gpus: int | None
    shape_from: Path | None
    force: bool

    @property
    def folder(self) -> Path:
        """Where the sweep file is written, and where a relative `data_dir` in it starts."""
        return _absolute(self.out).parent


def write_pilot(wanted: Wanted) -> Iterator[str]:
    """Write the sweep file; yields lines for the user.

    Raises:
        InputError: with everything that is wrong with what was asked; nothing is written then.
    """
    chosen = _chosen(wanted)
    machine = Machine(chosen.model.shape, chosen.placement.accelerator)
    folder = wanted.folder

    def spec_of(studies: Studies) -> SweepSpec:
        raw = sweep_of(chosen, studies)
        return SweepSpec.model_validate({**raw, "data_dir": str((folder / chosen.data_dir).resolve())})

    pilot = _fitting(chosen, machine, spec_of)
    text = compose(sweep_of(chosen, pilot.studies), notes_on(chosen, pilot, wanted.out.name))
    write_checked(text, wanted.out, pilot.spec, overwrite=wanted.force)
    for paragraph in outcome(chosen, pilot):
        yield from wrap(paragraph, 100, break_on_hyphens=False)
    yield f"written: {wanted.out}. Look through it, then:"
    file = quote(str(wanted.out))
    yield f"    raysft plan {file}"
    yield f"    raysft run {file}"


def _fitting(chosen: Chosen, machine: Machine, spec_of: Callable[[Studies], SweepSpec]) -> Pilot:
    placement = chosen.placement
    hours = chosen.allowance.hours(placement.accelerator, placement.side_by_side)
    pilot = largest_that_fits(chosen.data, spec_of, machine, hours)
    if pilot.needs > hours:
        needed = chosen.allowance.covering(pilot.needs, placement.accelerator, placement.side_by_side)
        remedy = (
            f"the smallest pilot on this data needs {needed}: {len(pilot.grid.seeds)} seeds on "
            f"{pilot.grid.scale} of it; give that, shorter conversations, or a smaller model"
        )
        raise InputError([Problem("--budget", str(chosen.allowance), remedy)])
    return pilot


def _chosen(wanted: Wanted) -> Chosen:
    problems: list[Problem] = []
    allowance = found = chip = None
    with gathered(problems):
        allowance = read_allowance(wanted.budget)
    with gathered(problems):
        found = find_model(wanted.model, wanted.shape_from)
    with gathered(problems):
        chip = _accelerator(wanted, allowance)
    problems.extend(_problems(wanted))
    files = _look(wanted, found, problems)
    if problems or allowance is None or found is None or chip is None:
        raise InputError(problems)
    return _settled(wanted, files, allowance, found, chip)


def _settled(
    wanted: Wanted, files: dict[str, DataFile], allowance: Allowance, found: FoundModel, chip: Accelerator
) -> Chosen:
    max_length = _max_length(files, found)
    placement = place(found, chip, max_length, wanted.gpus or None)
    folder = wanted.folder
    data_dir = _data_dir(wanted.data, folder)
    base = _within(data_dir, Path(found.base)) if found.folder and not found.built_in else found.base
    return Chosen(
        name=wanted.name or _named_after(folder),
        data_dir=_written_data_dir(data_dir, folder),
        files=files,
        paths={ability: _written_path(one.path, data_dir) for ability, one in files.items()},
        last=choose_last(files) if len(files) > 1 else None,
        model=found,
        base=base,
        placement=placement,
        recipe=_recipe(files, found, placement, max_length),
        allowance=allowance,
    )


def _recipe(files: dict[str, DataFile], found: FoundModel, placement: Placement, max_length: int) -> Recipe:
    recipe = Recipe(
        epochs=3,
        learning_rate=learning_rate(found.shape.parameters),
        max_length=max_length,
        precision=placement.precision,
    )
    size = batch_size({ability: one.trained for ability, one in files.items()}, recipe)
    return recipe.model_copy(update={"batch_size": size})


def _max_length(files: dict[str, DataFile], found: FoundModel) -> int:
    usual = max(one.usual_tokens for one in files.values())
    return min(found.context, max(_SHORTEST, 1 << (usual - 1).bit_length()))


def _accelerator(wanted: Wanted, allowance: Allowance | None) -> Accelerator:
    """What trains: as given, else a core for what is shipped or paid in core-hours, else a usual GPU."""
    unit = allowance and allowance.unit
    small = wanted.model.startswith("world/") and unit != "gpu-h" and not wanted.gpus
    on_core = wanted.gpus == 0 or unit == "cpu-h" or small
    name = wanted.accelerator or (USUAL_CORE if on_core else USUAL_GPU)
    if name not in ACCELERATORS:
        remedy = f"there is none of that name; use one of {', '.join(ACCELERATORS)}"
        raise InputError([Problem("--accelerator", name, remedy)])
    chip = ACCELERATORS[name]
    is_core = chip.name == USUAL_CORE
    if (unit == "gpu-h" and is_core) or (unit == "cpu-h" and not is_core):
        remedy = f"it trains on {chip.name}; name another --accelerator or another unit"
        raise InputError([Problem("--budget", wanted.budget, remedy)])
    if wanted.gpus is not None and is_core != (wanted.gpus == 0):
        remedy = f"it trains on {chip.name}; name another --accelerator or number of GPUs"
        raise InputError([Problem("--gpus", str(wanted.gpus), remedy)])
    return chip


def _problems(wanted: Wanted) -> Iterator[Problem]:
    if wanted.out.exists() and not wanted.force:
        yield Problem("--out", str(wanted.out), "is there already; --force replaces it")
    if not wanted.folder.is_dir():
        yield Problem("--out", str(wanted.out), "there is no such folder")
    if wanted.name is not None and not _NAME.fullmatch(wanted.name):
        yield Problem("--name", wanted.name, "write at most 64 letters, digits, `_`, `.` and `-`")


def _look(wanted: Wanted, found: FoundModel | None, problems: list[Problem]) -> dict[str, DataFile]:
    count_tokens = None
    with gathered(problems):
        count_tokens = _counter(found.folder) if found and found.folder else None
    seen: dict[str, str] = {}
    files = {}
    for ability, path in zip(ability_names(wanted.data), wanted.data, strict=True):
        same = path if "://" in path else str(Path(path).resolve())
        if same in seen:
            problems.append(Problem("DATA", path, f"is given twice, also as {seen[same]}"))
            continue
        seen[same] = path
        with gathered(problems):
            files[ability] = look_at(path, count_tokens, found.preamble_tokens if found else 0)
    return files


def _counter(folder: Path) -> CountTokens | None:
    """What counts the tokens of a text; None for a folder without a tokenizer.json."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        return None
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # noqa: BLE001 - the library raises nothing narrower
        raise InputError([Problem("--model", str(file), f"cannot be read: {error}")]) from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


# ---- paths and names


def _absolute(path: str | Path) -> Path:
    """As it was given: what a symbolic link leads to may have a name that says nothing, and no ending."""
    return Path(os.path.abspath(path))


def _data_dir(data: tuple[str, ...], folder: Path) -> Path:
    """The folder that all local files are in."""
    local = [_absolute(one).parent for one in data if "://" not in one]
    return Path(os.path.commonpath(local)) if local else folder


def _written_data_dir(data_dir: Path, folder: Path) -> str:
    return str(data_dir.relative_to(folder)) if data_dir.is_relative_to(folder) else str(data_dir)


def _written_path(path: str, data_dir: Path) -> str:
    return path if "://" in path else _within(data_dir, _absolute(path))


def _within(folder: Path, path: Path) -> str:
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)


def _named_after(folder: Path) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", folder.name).strip("_.-")[:64] or "pilot"
