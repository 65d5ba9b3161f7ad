"""Bytes from https://, and from http://127.0.0.1 where that is allowed; nothing else is ever opened.

urllib's own opener also knows file://, ftp:// and plain http://, and follows redirects between them; this one
does not. A proxy is used for https:// where the system names one, as by any program that uses urllib.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    BaseHandler,
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPRedirectHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from raysft.errors import FetchFailed, InputError, Problem

_TIMEOUT_S = 60.0
"""Longest wait for the next bytes."""
_LOOPBACK = "127.0.0.1"
_RANGE_NOT_SATISFIABLE = 416


class Interrupted(FetchFailed):
    """The connection ended before the file did."""


class NoSuchRange(FetchFailed):
    """The server has no bytes from there on."""


def checked_url(url: str, field: str, *, loopback: bool) -> str:
    """A URL, if it is of a kind that is fetched.

    Args:
        url: as it was given.
        field: where it was given, for messages.
        loopback: whether it may be http://127.0.0.1.

    Raises:
        InputError: it is of another kind, or holds a password, which messages would show.
    """
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, parts.username or parts.password
    except ValueError as error:
        raise InputError([Problem(field, url, f"is no URL: {error}")]) from None
    local = loopback and parts.scheme == "http" and host == _LOOPBACK
    if secret or not host or not (parts.scheme == "https" or local):
        remedy = f"use https://, or http://{_LOOPBACK} for a mirror on this machine, and no password in it"
        raise InputError([Problem(field, url, remedy)])
    return url


def answer(url: str, start: int) -> HTTPResponse:
    """What a server answers, whose bytes the caller reads.

    Args:
        url: as `checked_url` gave it.
        start: ask for the bytes from there on; a server may send all of them instead.

    Raises:
        FetchFailed: the server cannot be reached, has no such file, or redirects to another kind of URL.
    """
    headers = {"User-Agent": "raysft", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    with network(url):
        found = _opener(url).open(Request(url, headers=headers), timeout=_TIMEOUT_S)  # noqa: S310 - checked
    if not isinstance(found, HTTPResponse):
        raise FetchFailed(f"{url} gave no answer")
    return found


@contextmanager
def network(url: str) -> Iterator[None]:
    """Turn what goes wrong between two machines into a `FetchFailed`."""
    try:
        yield
    except HTTPError as error:
        error.close()
        kind = NoSuchRange if error.code == _RANGE_NOT_SATISFIABLE else FetchFailed
        raise kind(f"{url}: HTTP {error.code} {error.reason}") from None
    except URLError as error:
        raise FetchFailed(f"{url} cannot be reached: {error.reason}") from None
    except (HTTPException, OSError) as error:
        cause = str(error) or type(error).__name__
        raise Interrupted(f"{url}: the connection broke: {cause}; run it again") from None


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to what could have been asked for at once."""

    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """The request that follows; urllib calls it."""
        try:
            checked_url(newurl, "redirect", loopback=self._loopback)
        except InputError:
            fp.close()
            raise FetchFailed(f"{req.full_url} redirects to {newurl!r}, which is not https://") from None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> OpenerDirector:
    local = urlsplit(url).scheme == "http"
    handlers: list[BaseHandler] = [] if local else [ProxyHandler()]
    handlers += [HTTPHandler(), HTTPSHandler(), HTTPDefaultErrorHandler(), HTTPErrorProcessor()]
    opener = OpenerDirector()
    for handler in (*handlers, _Redirects(local)):
        opener.add_handler(handler)
    return opener
