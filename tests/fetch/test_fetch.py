# ruff: noqa: ASYNC240 - a test may look at a file
from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from playhead.errors import (
    InvalidError,
    PlayheadError,
    StorageError,
    TooLargeError,
    UrlForbiddenError,
    UrlRejectedError,
    UrlUnreachableError,
)
from playhead.fetch import Fetched, fetch
from playhead.fetch.addresses import Address
from playhead.settings import FetchSettings
from tests.fetch.conftest import SERVER, answer, then_hang
from tests.http_server import raw

if TYPE_CHECKING:
    from tests.fetch.conftest import ScriptedServer
    from tests.http_server import Answer

DATA = bytes(range(256)) * 1024
HALF = len(DATA) // 2


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "target"


def rest(start: int, *, data: bytes = DATA) -> dict[str, str]:
    return {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}


async def test_a_recording_is_fetched(server: ScriptedServer, settings: FetchSettings, target: Path) -> None:
    server.scripts["/folder/talk%201.mp3?token=x"] = [answer("200 OK", DATA, {"Content-Type": "Audio/MPEG; x=y"})]
    told: list[tuple[int, int | None]] = []

    async def on_progress(done: int, total: int | None) -> None:
        told.append((done, total))

    url = server.url("/folder/talk%201.mp3?token=x")
    fetched = await fetch(url, target, settings, on_progress=on_progress)
    assert fetched == Fetched("audio/mpeg", "talk 1.mp3", len(DATA))
    assert target.read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert told == sorted(told)


async def test_the_server_names_the_file(server: ScriptedServer, settings: FetchSettings, target: Path) -> None:
    disposition = "attachment; filename=\"x\"; filename*=UTF-8''..%2Fna%C3%AFve.wav"
    server.scripts["/get"] = [answer("200 OK", DATA, {"Content-Disposition": disposition})]
    fetched = await fetch(server.url("/get"), target, settings)
    assert fetched == Fetched("application/octet-stream", "naïve.wav", len(DATA))


async def test_a_body_without_a_length_is_fetched(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    server.scripts["/close"] = [raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + DATA)]
    chunked = f"{len(DATA):x}\r\n".encode() + DATA + b"\r\n0\r\n\r\n"
    server.scripts["/chunked"] = [raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked)]
    for path in ("/close", "/chunked"):
        assert (await fetch(server.url(path), target, settings)).size_bytes == len(DATA)
        assert target.read_bytes() == DATA


async def test_nothing_of_the_environment_is_used(
    server: ScriptedServer, settings: FetchSettings, target: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text(f"machine {SERVER} login someone password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server.scripts["/a"] = [answer("200 OK", DATA)]
    await fetch(server.url("/a"), target, settings)
    (request,) = server.requests["/a"]
    assert request.headers["accept-encoding"] == "identity"
    assert "authorization" not in request.headers


# Resuming


STRONG = {"ETag": '"v1"'}
SETTLED = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT", "Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"}


@pytest.mark.parametrize(
    ("validator", "if_range"), [(STRONG, '"v1"'), (SETTLED, "Sun, 22 Nov 2026 09:00:00 GMT")], ids=["etag", "date"]
)
async def test_a_cut_download_goes_on_where_it_was(
    server: ScriptedServer, settings: FetchSettings, target: Path, validator: dict[str, str], if_range: str
) -> None:
    server.scripts["/a"] = [
        answer("200 OK", DATA[:HALF], validator, length=len(DATA)),
        answer("503 Service Unavailable"),
        answer("206 Partial Content", DATA[HALF:], rest(HALF), validator),
    ]
    await fetch(server.url("/a"), target, settings)
    assert target.read_bytes() == DATA
    for request in server.requests["/a"][1:]:
        assert request.headers["range"] == f"bytes={HALF}-"
        assert request.headers["if-range"] == if_range


WEAK = [
    {},
    {"ETag": 'W/"v1"', **SETTLED},
    {**SETTLED, "Last-Modified": "Sun, 22 Nov 2026 09:59:30 GMT"},
    {"Last-Modified": "Sun, 22 Nov 2026 09:00:00 GMT"},
    {**SETTLED, "Last-Modified": "yesterday"},
]


@pytest.mark.parametrize("validator", WEAK)
async def test_without_a_strong_validator_a_cut_download_begins_anew(
    server: ScriptedServer, settings: FetchSettings, target: Path, validator: dict[str, str]
) -> None:
    server.scripts["/a"] = [
        answer("200 OK", b"old" * HALF, validator, length=10 * HALF),
        answer("200 OK", DATA),
    ]
    await fetch(server.url("/a"), target, settings)
    assert target.read_bytes() == DATA
    assert "range" not in server.requests["/a"][1].headers


async def test_a_changed_recording_is_not_mixed_with_the_old_one(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    other = b"other" * 1000
    server.scripts["/a"] = [
        answer("200 OK", DATA[:HALF], {"Content-Type": "audio/mpeg"}, STRONG, length=len(DATA)),
        answer("200 OK", other[:2000], {"Content-Type": "audio/flac"}, {"ETag": '"v2"'}, length=len(other)),
        answer("206 Partial Content", other[2000:], {"ETag": '"v2"'}, rest(2000, data=other)),
    ]
    fetched = await fetch(server.url("/a"), target, settings)
    assert fetched == Fetched("audio/flac", "a", len(other))
    assert target.read_bytes() == other
    assert server.requests["/a"][2].headers["if-range"] == '"v2"'


@pytest.mark.parametrize(
    "wrong",
    [
        answer("206 Partial Content", DATA[HALF:], {"ETag": '"v2"'}, rest(HALF)),
        answer("206 Partial Content", DATA[HALF:], rest(HALF + 1)),
        answer("206 Partial Content", DATA[HALF:], rest(HALF, data=DATA + b"x")),
        answer("206 Partial Content", DATA[HALF:], {"Content-Type": "multipart/byteranges; boundary=x"}),
        answer("416 Range Not Satisfiable", b"", {"Content-Range": "bytes */7"}),
        answer("416 Range Not Satisfiable", b"", {"Content-Range": "bytes */" + "9" * 5000}),
        answer("416 Range Not Satisfiable"),
    ],
    ids=["another version", "another place", "another length", "parts", "shorter now", "absurd", "no reason"],
)
async def test_a_part_that_does_not_fit_is_thrown_away(
    server: ScriptedServer, settings: FetchSettings, target: Path, wrong: Answer
) -> None:
    server.scripts["/a"] = [
        answer("200 OK", DATA[:HALF], STRONG, length=len(DATA)),
        wrong,
        answer("200 OK", DATA, STRONG),
    ]
    await fetch(server.url("/a"), target, settings)
    assert target.read_bytes() == DATA
    assert "range" not in server.requests["/a"][2].headers


async def test_a_part_that_is_shorter_than_the_rest_is_gone_on_from(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    first = raw(b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n' + DATA[:5] + b"\r\n")
    server.scripts["/a"] = [
        first,
        answer("206 Partial Content", DATA[5:HALF], STRONG, {"Content-Range": f"bytes 5-{HALF - 1}/{len(DATA)}"}),
        answer("206 Partial Content", DATA[HALF:], STRONG, rest(HALF)),
    ]
    await fetch(server.url("/a"), target, settings)
    assert target.read_bytes() == DATA


async def test_a_body_whose_end_was_lost_is_complete_when_the_server_says_so(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    first = raw(b'HTTP/1.1 200 OK\r\nETag: "v1"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndata\r\n')
    server.scripts["/a"] = [first, answer("416 Range Not Satisfiable", b"", {"Content-Range": "bytes */4"})]
    await fetch(server.url("/a"), target, settings)
    assert target.read_bytes() == b"data"


async def test_a_server_that_always_cuts_is_given_up(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    server.scripts["/a"] = [answer("200 OK", DATA[:HALF], length=len(DATA))]
    with pytest.raises(UrlUnreachableError) as caught:
        await fetch(server.url("/a"), target, settings)
    assert caught.value.transient
    assert len(server.requests["/a"]) == settings.max_resumes + 1
    assert not target.exists()


async def test_a_server_that_falls_silent_is_cut_and_asked_again(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    released = asyncio.Event()
    server.scripts["/a"] = [
        then_hang(answer("200 OK", DATA[:HALF], STRONG, length=len(DATA)), released),
        answer("206 Partial Content", DATA[HALF:], STRONG, rest(HALF)),
    ]
    settings = settings.model_copy(update={"silence_seconds": 2})  # the first answer has to begin by then
    await fetch(server.url("/a"), target, settings)
    released.set()
    assert target.read_bytes() == DATA


async def test_a_download_that_takes_too_long_in_all_is_ended(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    released = asyncio.Event()
    server.scripts["/a"] = [then_hang(answer("200 OK", DATA[:HALF], STRONG, length=len(DATA)), released)]
    settings = settings.model_copy(update={"timeout_seconds": 0.2})
    with pytest.raises(UrlUnreachableError, match="longer than"):
        await fetch(server.url("/a"), target, settings)
    released.set()
    assert not target.exists()


async def test_a_canceled_fetch_leaves_no_file(server: ScriptedServer, settings: FetchSettings, target: Path) -> None:
    released, begun = asyncio.Event(), asyncio.Event()

    async def on_progress(_done: int, _total: int | None) -> None:
        begun.set()

    server.scripts["/a"] = [then_hang(answer("200 OK", DATA[:HALF], length=len(DATA)), released)]
    task = asyncio.create_task(fetch(server.url("/a"), target, settings, on_progress=on_progress))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    released.set()
    assert not target.exists()


async def test_an_error_of_the_listener_ends_the_fetch(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    async def on_progress(_done: int, _total: int | None) -> None:
        raise TimeoutError

    server.scripts["/a"] = [answer("200 OK", DATA)]
    with pytest.raises(TimeoutError):
        await fetch(server.url("/a"), target, settings, on_progress=on_progress)
    assert not target.exists()


# What is refused


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (answer("404 Not Found", b"no"), UrlRejectedError),
        (answer("401 Unauthorized"), UrlRejectedError),
        (answer("204 No Content"), UrlRejectedError),
        (answer("206 Partial Content", b"x", {"Content-Range": "bytes 4-4/9"}), UrlUnreachableError),
        (answer("302 Found"), UrlRejectedError),
        (answer("200 OK"), UrlRejectedError),
        (answer("200 OK", b"<html>", {"Content-Type": "text/html; charset=utf-8"}), UrlRejectedError),
        (answer("200 OK", gzip.compress(bytes(10**6)), {"Content-Encoding": "gzip"}), UrlRejectedError),
        (answer("408 Request Timeout"), UrlUnreachableError),
        (answer("429 Too Many Requests"), UrlUnreachableError),
        (answer("500 Internal Server Error"), UrlUnreachableError),
        (answer("503 Service Unavailable"), UrlUnreachableError),
        (raw(b""), UrlUnreachableError),
        (raw(b"SSH-2.0-OpenSSH\r\n"), UrlUnreachableError),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n12345"), UrlUnreachableError),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), UrlUnreachableError),
    ],
)
async def test_an_answer_that_gives_no_recording_is_refused(
    server: ScriptedServer, settings: FetchSettings, target: Path, script: Answer, error: type[PlayheadError]
) -> None:
    server.scripts["/a"] = [script]
    with pytest.raises(error) as caught:
        await fetch(server.url("/a"), target, settings)
    assert type(caught.value) is error
    assert caught.value.field == "input.url"
    assert len(server.requests["/a"]) == 1
    assert not target.exists()


async def test_retry_after_is_passed_on(server: ScriptedServer, settings: FetchSettings, target: Path) -> None:
    server.scripts["/a"] = [answer("429 Too Many Requests", b"", {"Retry-After": "120"})]
    with pytest.raises(UrlUnreachableError) as caught:
        await fetch(server.url("/a"), target, settings)
    assert caught.value.retry_after_seconds == 120


@pytest.mark.parametrize(
    "script",
    [
        answer("200 OK", b"", length=len(DATA)),
        raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + DATA),
    ],
    ids=["announced", "as it comes"],
)
async def test_too_large_a_recording_is_refused(
    server: ScriptedServer, settings: FetchSettings, target: Path, script: Answer
) -> None:
    server.scripts["/a"] = [script]
    with pytest.raises(TooLargeError):
        await fetch(server.url("/a"), target, settings.model_copy(update={"max_bytes": len(DATA) - 1}))
    assert not target.exists()


async def test_a_disk_that_does_not_take_it_is_told_apart(
    server: ScriptedServer, settings: FetchSettings, tmp_path: Path
) -> None:
    server.scripts["/a"] = [answer("200 OK", DATA)]
    with pytest.raises(StorageError, match="No such file"):
        await fetch(server.url("/a"), tmp_path / "no folder" / "target", settings)
    # Through a link: a fetch that fails removes its target.
    full = tmp_path / "full"
    full.symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left"):
        await fetch(server.url("/a"), full, settings)
    assert not full.is_symlink()


# The guard


def to(location: str) -> Answer:
    return answer("302 Found", b"elsewhere", {"Location": location})


async def test_a_redirect_is_followed(server: ScriptedServer, settings: FetchSettings, target: Path) -> None:
    server.scripts["/a"] = [to("/b")]
    server.scripts["/b"] = [to(server.url("/c.mp3"))]
    server.scripts["/c.mp3"] = [answer("200 OK", DATA)]
    assert (await fetch(server.url("/a"), target, settings)).name == "c.mp3"


async def test_redirects_end(server: ScriptedServer, settings: FetchSettings, target: Path) -> None:
    server.scripts["/a"] = [to("/a")]
    with pytest.raises(UrlRejectedError, match="more than 5 times"):
        await fetch(server.url("/a"), target, settings)
    assert len(server.requests["/a"]) == settings.max_redirects + 1


@pytest.mark.parametrize("location", ["ftp://example.com/", "http://user:pw@example.com/", "http://[", "file:///etc"])
async def test_a_redirect_to_no_url_is_refused(
    server: ScriptedServer, settings: FetchSettings, target: Path, location: str
) -> None:
    server.scripts["/a"] = [to(location)]
    with pytest.raises(UrlRejectedError, match="redirects"):
        await fetch(server.url("/a"), target, settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "0x7f.1", "[::ffff:127.0.0.1]"])
async def test_a_redirect_inside_is_refused(
    server: ScriptedServer, settings: FetchSettings, target: Path, host: str
) -> None:
    server.scripts["/a"] = [to(f"http://{host}:{server.port}/secret")]
    with pytest.raises(UrlForbiddenError):
        await fetch(server.url("/a"), target, settings)
    assert "/secret" not in server.requests


class Resolving:
    """A resolver whose answers change from one question to the next; the last one stays."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> list[Address]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ip_address(text) for text in found]


async def test_a_name_is_resolved_once_and_that_address_is_connected(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    resolver = Resolving([SERVER], ["127.0.0.1"])
    server.scripts["/a"] = [answer("200 OK", DATA)]
    await fetch(f"http://rebound.example:{server.port}/a", target, settings, resolver=resolver)
    assert resolver.asked == ["rebound.example"]
    assert server.requests["/a"][0].headers["host"] == f"rebound.example:{server.port}"


async def test_a_name_rebound_between_two_connections_is_refused(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    server.scripts["/a"] = [answer("200 OK", DATA[:HALF], STRONG, length=len(DATA)), answer("200 OK", DATA)]
    resolver = Resolving([SERVER], ["127.0.0.1"])
    with pytest.raises(UrlForbiddenError):
        await fetch(f"http://rebound.example:{server.port}/a", target, settings, resolver=resolver)
    assert resolver.asked == ["rebound.example"] * 2
    assert len(server.requests["/a"]) == 1


@pytest.mark.parametrize("found", [["127.0.0.1"], ["::1"], [SERVER, "10.0.0.1"], ["169.254.169.254"]])
async def test_a_name_that_leads_inside_is_refused(
    server: ScriptedServer, settings: FetchSettings, target: Path, found: list[str]
) -> None:
    with pytest.raises(UrlForbiddenError, match=r"inside\.example") as caught:
        await fetch(f"https://inside.example:{server.port}/a", target, settings, resolver=Resolving(found))
    assert not any(text in caught.value.message for text in found)
    assert server.requests == {}


async def test_the_next_address_is_tried_where_one_does_not_answer(
    server: ScriptedServer, settings: FetchSettings, target: Path
) -> None:
    server.scripts["/a"] = [answer("200 OK", DATA)]
    settings = FetchSettings.model_validate({**settings.model_dump(), "allowed_networks": ["127.0.0.2/31"]})
    resolver = Resolving(["127.0.0.3", SERVER])
    await fetch(f"http://two.example:{server.port}/a", target, settings, resolver=resolver)
    assert target.read_bytes() == DATA


async def test_a_name_that_does_not_exist_is_a_transient_error(settings: FetchSettings, target: Path) -> None:
    async def resolver(_host: str, _port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(UrlUnreachableError, match="could not be resolved") as caught:
        await fetch("http://nowhere.example/", target, settings, resolver=resolver)
    assert caught.value.transient


async def test_a_resolver_that_hangs_is_given_up(settings: FetchSettings, target: Path) -> None:
    async def resolver(_host: str, _port: int) -> list[Address]:
        await asyncio.Event().wait()
        return []

    settings = settings.model_copy(update={"silence_seconds": 0.3})
    with pytest.raises(UrlUnreachableError, match="silent"):
        await fetch("http://slow.example/", target, settings, resolver=resolver)


async def test_a_server_that_is_not_there_is_a_transient_error(settings: FetchSettings, target: Path) -> None:
    with pytest.raises(UrlUnreachableError):
        await fetch(f"http://{SERVER}:1/", target, settings)


async def test_a_wrong_url_never_reaches_a_resolver(settings: FetchSettings, target: Path) -> None:
    resolver = Resolving([SERVER])
    with pytest.raises(InvalidError):
        await fetch("ftp://example.com/", target, settings, resolver=resolver)
    with pytest.raises(UrlForbiddenError):
        await fetch("http://127.0.0.1/", target, settings, resolver=resolver)
    assert resolver.asked == []
    assert not target.exists()
