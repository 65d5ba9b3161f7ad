"""`python -m raysft` and `raysft`: the way in, which is open to Ctrl-C before anything is imported.

Python puts the current folder first on the path of `python -m`. It goes before anything else is imported,
so that a `random.py` lying there is not taken for Python's own; unless raysft itself lies there, as in a
checkout.
"""

import os
import sys

_PARENT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def main() -> None:
    """Import the commands, and run one."""
    if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == os.getcwd() != _PARENT:
        del sys.path[0]
    try:
        from raysft.cli.main import main as run
    except KeyboardInterrupt:
        # Nothing was started. A half imported library may leave threads, which must not hold the end up.
        os._exit(130)
    run()


if __name__ == "__main__":
    main()
