"""`python -m raysft` is `raysft`.

Python puts the current folder first on the path then. It goes before anything else is imported, so that a
`random.py` lying there is not taken for Python's own; unless raysft itself lies there, as in a checkout.
"""

import os
import sys

_PARENT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

if not sys.flags.safe_path and sys.path and os.path.abspath(sys.path[0]) == os.getcwd() != _PARENT:
    del sys.path[0]

from raysft.cli.main import main  # noqa: E402 - not before the folder is off the path

if __name__ == "__main__":
    main()
