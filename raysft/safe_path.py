"""What a process that we start finds on its path: nothing of the folder that the user is in.

Python puts the current folder first on the path of whatever it is told to run with `-m` or `-c`, and Ray
does so for its workers. A research folder may well hold an `analysis.py`, a `random.py` or a `ray.py`.
"""

import os


def keep_folder_off_path() -> None:
    """Let Python, in every process that this one starts from now on, leave the current folder off its path.

    What the user names in PYTHONPATH stays, as absolute paths: a child may run in another folder.
    """
    os.environ["PYTHONSAFEPATH"] = "1"
    if given := os.environ.get("PYTHONPATH"):
        # An empty entry means the current folder, and is mostly what `$PYTHONPATH:/more` leaves behind.
        named = [os.path.abspath(one) for one in given.split(os.pathsep) if one]
        os.environ["PYTHONPATH"] = os.pathsep.join(named)
    # Ray, when started by `uv run`, would send the whole current folder to its workers.
    os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
