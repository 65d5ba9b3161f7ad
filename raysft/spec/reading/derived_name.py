"""Names of sweeps that options on the command line make: `t+limit=8+recipe.epochs=2+amounts`.

What runs with other values than the file has must not replace the results of the file, so it gets a folder
of its own in the store. No name in a file has a `+`: nobody else can come by such a folder.
"""

import re
from collections.abc import Iterable, Sequence

from raysft.errors import InputError, Problem
from raysft.identity import digest_lines
from raysft.wording import argument

BETWEEN = "+"
LONGEST = 200
"""Characters that the store takes for a folder."""
_SAYS_ONLY_HOW = ("name", "data_dir", "run")
"""Changes of these change no result: the sweep goes on under its own name."""
_PLAIN = re.compile(r"[A-Za-z0-9_.=-]{1,60}")


def derived_name(name: str, parts: Iterable[str], option: str) -> str:
    """The name of a sweep that an option changed.

    Args:
        name: of the sweep before.
        parts: what the option says, one text each.
        option: for a message.

    Raises:
        InputError: too many parts for one name to hold.
    """
    told = list(parts)
    if not told:
        return name
    found = BETWEEN.join((name, *told))
    if len(found) > LONGEST:
        remedy = f"give fewer: the names of the sweep and of these have at most {LONGEST} letters"
        raise InputError([Problem(argument(option), ",".join(told), remedy)])
    return found


def changes_in_name(changes: Sequence[str]) -> list[str]:
    """What `--set` changes, as parts of a name: as they were written where a folder can hold that."""
    telling = [one for one in changes if one.partition("=")[0].split(".")[0] not in _SAYS_ONLY_HOW]
    return [one if _PLAIN.fullmatch(one) else f"set={digest_lines([one])[:8]}" for one in telling]


def refuse_derived_name(name: object) -> None:
    """Refuse a name in a file that looks like one that options make.

    Raises:
        InputError: it has a `+`.
    """
    if isinstance(name, str) and BETWEEN in name:
        remedy = (
            f"only names that --set, --limit and --only make have a `{BETWEEN}`; take it out, or run the "
            "file that this sweep was made from with the same options"
        )
        raise InputError([Problem("name", name, remedy)])
