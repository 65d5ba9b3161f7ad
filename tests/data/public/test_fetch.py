"""Against a server on this machine that is told what to do wrong."""

import fcntl
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from raysft.data.public.catalogue import PublicSet
from raysft.data.public.fetch import fetch
from raysft.data.public.https import checked_url
from raysft.errors import FetchFailed, InputError

BODY = b"".join(f'{{"question": "{one} + 1?", "answer": "{one + 1}"}}\n'.encode() for one in range(9000))
WRONG = BODY[:-2] + b"!\n"
SET = PublicSet(
    what="a test",
    file="set.jsonl",
    url="https://example.org/set.jsonl",
    origin="somebody",
    licence="MIT",
    size=len(BODY),
    sha256=hashlib.sha256(BODY).hexdigest(),
    vouched="seen",
)
UNKNOWN = replace(SET, size=None, sha256=None, vouched=None)

Behaviour = Callable[[BaseHTTPRequestHandler], None]


def good(request: BaseHTTPRequestHandler) -> None:
    """Sends the file, or the rest of it that was asked for."""
    asked = request.headers.get("Range", "")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    if start >= len(BODY):
        status(416)(request)
        return
    request.send_response(206 if asked else 200)
    if asked:
        request.send_header("Content-Range", f"bytes {start}-{len(BODY) - 1}/{len(BODY)}")
    send(request, BODY[start:])


def without_ranges(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    send(request, BODY)


def wrong_bytes(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    send(request, WRONG)


def longer(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    send(request, BODY + b"more")


def longer_than_it_says(request: BaseHTTPRequestHandler) -> None:
    """Says nothing of its length, as HTTP/1.0 allows."""
    request.send_response(200)
    request.end_headers()
    request.wfile.write(BODY + b"more")


def truncated(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    send(request, BODY, sent=100_000)


def encoded(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Encoding", "gzip")
    send(request, BODY)


def status(code: int) -> Behaviour:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        send(request, b"no")

    return answer


def redirect(to: str) -> Behaviour:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/moved":
            good(request)
            return
        request.send_response(302)
        request.send_header("Location", to)
        send(request, b"")

    return answer


def send(request: BaseHTTPRequestHandler, body: bytes, sent: int | None = None) -> None:
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:sent])


@dataclass
class Server:
    url: str
    behaves: Behaviour = good
    ranges: list[str | None] = field(default_factory=list)
    """What was asked for with each request."""


@pytest.fixture
def server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.ranges.append(self.headers.get("Range"))
            told.behaves(self)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        told = Server(f"http://127.0.0.1:{http.server_address[1]}/set.jsonl")
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield told
        http.shutdown()
        thread.join()


def refused(server: Server, folder: Path, wanted: PublicSet = SET) -> str:
    with pytest.raises(FetchFailed) as caught:
        fetch(wanted, folder, server.url)
    return str(caught.value)


def test_a_good_file_is_kept_and_not_fetched_again(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    found = fetch(SET, tmp_path / "new", server.url, watch=lambda done, whole: seen.append((done, whole)))
    assert found.path == tmp_path / "new" / "set.jsonl"
    assert found.path.read_bytes() == BODY
    assert (found.size, found.sha256, found.verified, found.was_there) == (len(BODY), SET.sha256, True, False)
    assert seen[-1] == (len(BODY), len(BODY))
    again = fetch(SET, tmp_path / "new", server.url)
    assert again == replace(found, was_there=True)
    assert len(server.ranges) == 1
    assert [one.name for one in found.path.parent.iterdir()] == ["set.jsonl"]


def test_another_file_of_that_name_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "set.jsonl").write_bytes(b"mine")
    with pytest.raises(InputError, match=f"{hashlib.sha256(b'mine').hexdigest()}, not {SET.sha256}"):
        fetch(SET, tmp_path, server.url)
    assert (tmp_path / "set.jsonl").read_bytes() == b"mine"
    assert server.ranges == []


@pytest.mark.parametrize(
    ("behaves", "says"),
    [
        (
            wrong_bytes,
            f"SHA-256 {hashlib.sha256(WRONG).hexdigest()}, not {SET.sha256}",
        ),
        (longer, f"has {len(BODY) + 4:,} bytes, {len(BODY):,} were expected"),
        (longer_than_it_says, f"has more than {len(BODY):,} bytes"),
        (encoded, "encoding that was not asked for"),
        (status(404), "HTTP 404"),
        (status(416), "HTTP 416"),
        (status(503), "HTTP 503"),
        (redirect("file:///etc/passwd"), "file:///etc/passwd"),
        (redirect("ftp://127.0.0.1/set.jsonl"), "redirects to 'ftp://127.0.0.1/set.jsonl'"),
        (redirect("http://127.0.0.2/set.jsonl"), "redirects to 'http://127.0.0.2/set.jsonl'"),
        (redirect("http://localhost/set.jsonl"), "redirects to 'http://localhost/set.jsonl'"),
        (redirect("https://me:secret@example.org/"), "which is not https://"),
    ],
)
def test_what_is_not_the_file_is_refused_and_nothing_is_left(
    server: Server, tmp_path: Path, behaves: Behaviour, says: str
) -> None:
    server.behaves = behaves
    assert says in refused(server, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_redirect_to_what_could_have_been_asked_for_is_followed(server: Server, tmp_path: Path) -> None:
    server.behaves = redirect("/moved")
    assert fetch(SET, tmp_path, server.url).path.read_bytes() == BODY


def test_a_truncated_file_is_never_used_and_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    server.behaves = truncated
    assert f"after 100,000 of {len(BODY):,} bytes; run it again to go on" in refused(server, tmp_path)
    assert not (tmp_path / "set.jsonl").exists()
    server.behaves = good
    assert fetch(SET, tmp_path, server.url).path.read_bytes() == BODY
    assert server.ranges == [None, "bytes=100000-"]
    assert [one.name for one in tmp_path.iterdir()] == ["set.jsonl"]


@pytest.mark.parametrize(
    ("left", "behaves", "requests"),
    [
        (BODY[:5000], without_ranges, ["bytes=5000-", None]),
        (b"x" * 5000, good, ["bytes=5000-", None]),
        (BODY[:5000], status(416), ["bytes=5000-", None]),
        (BODY, good, []),
        (b"x" * len(BODY), good, [f"bytes={len(BODY)}-", None]),
        (BODY + b"more", good, [None]),
    ],
    ids=["no ranges", "garbage", "no such range", "whole", "whole garbage", "too long"],
)
def test_what_a_killed_download_left_is_resumed_or_thrown_away(
    server: Server, tmp_path: Path, left: bytes, behaves: Behaviour, requests: list[str | None]
) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        (behaves if request.headers.get("Range") else good)(request)

    server.behaves = answer
    (tmp_path / ".set.jsonl.part").write_bytes(left)
    assert fetch(SET, tmp_path, server.url).path.read_bytes() == BODY
    assert server.ranges == requests


def test_without_a_checksum_the_user_must_accept_what_came(server: Server, tmp_path: Path) -> None:
    (tmp_path / ".set.jsonl.part").write_bytes(BODY[:5000])
    said = refused(server, tmp_path, UNKNOWN)
    assert str(SET.sha256) in said
    assert "--unverified" in said
    assert list(tmp_path.iterdir()) == []
    found = fetch(UNKNOWN, tmp_path, server.url, accept_unverified=True)
    assert (found.verified, found.sha256) == (False, SET.sha256)
    assert server.ranges == [None, None], "what cannot be verified is not resumed either"


def test_a_truncated_file_without_a_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    server.behaves = truncated
    refused(server, tmp_path, UNKNOWN)
    assert list(tmp_path.iterdir()) == []


def test_a_size_limit_where_the_size_is_not_known(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raysft.data.public.fetch.MOST_BYTES", 1000)
    assert "at most 1,000 are taken" in refused(server, tmp_path, UNKNOWN)
    server.behaves = longer_than_it_says
    assert "more than 1,000 bytes" in refused(server, tmp_path, UNKNOWN)
    assert list(tmp_path.iterdir()) == []


def test_two_downloads_of_one_file_exclude_each_other(server: Server, tmp_path: Path) -> None:
    with (tmp_path / ".set.jsonl.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "just being fetched by another process" in refused(server, tmp_path)
    assert server.ranges == []


def test_a_server_that_is_not_there(server: Server, tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as gone:
        port = gone.server_address[1]
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetch(SET, tmp_path, f"http://127.0.0.1:{port}/set.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/set.jsonl",
        "http://localhost/set.jsonl",
        "http://127.0.0.1.example.org/",
        "ftp://127.0.0.1/set.jsonl",
        "file:///etc/passwd",
        "https://me:secret@example.org/",
        "https://",
        "https://[half",
        "set.jsonl",
    ],
)
def test_only_https_and_this_machine(url: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--from"):
        fetch(SET, tmp_path / "none", url)
    assert list(tmp_path.iterdir()) == []


def test_the_table_itself_may_not_name_this_machine() -> None:
    with pytest.raises(InputError):
        checked_url("http://127.0.0.1/", "url", loopback=False)
