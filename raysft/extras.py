"""Which extra of raysft brings the library that opens a URL."""

from importlib.util import find_spec
from urllib.parse import urlsplit

from raysft.errors import InputError, Problem

_EXTRAS = {"s3": ("s3fs", "s3"), "s3a": ("s3fs", "s3"), "gs": ("gcsfs", "gcs"), "gcs": ("gcsfs", "gcs")}
"""By scheme of a URL: the library, and the extra."""


def refuse_without_library(field: str, url: str) -> None:
    """Refuse a URL that nothing here can open.

    Args:
        field: what the URL is the value of.
        url: any; a local path is never refused.

    Raises:
        InputError: with the command that installs what is missing.
    """
    scheme = urlsplit(url).scheme
    library, extra = _EXTRAS.get(scheme, ("", ""))
    if library and find_spec(library) is None:
        raise InputError([Problem(field, url, f"{scheme}:// needs {library}: pip install 'raysft[{extra}]'")])
