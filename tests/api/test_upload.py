from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from api.form import MAX_HEADER_BYTES, MAX_PARTS, MAX_WRAPPING_BYTES
from api.upload import FORM_OVERHEAD_BYTES, incoming, with_head
from playhead.errors import (
    InvalidError,
    MalformedError,
    PlayheadError,
    StorageError,
    TooLargeError,
    UnsupportedMediaError,
)
from playhead.storage import Storage
from tests.tidied import tidied

FORM = "multipart/form-data; boundary=b0undary"
DATA = b"first line\r\n--b0undar\r\n--\r\n\r\n-- not the end\r\n\0\xff"


def part(name: str, value: bytes, extra: str = "", more: str = "") -> bytes:
    head = f'--b0undary\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n{more}\r\n'
    return head.encode() + value + b"\r\n"


END = b"--b0undary--\r\n"
SMALL_FORM = (
    part("language", b"es")
    + part("tag", b"a")
    + part("tag", "ä".encode())
    + part("file", DATA, '; filename="t\xe9lk.wav"', "Content-Type: audio/wav\r\n")
    + part("after", b"late")
    + END
)


def request(chunks: Iterable[bytes], headers: dict[str, str], query: str = "") -> Request:
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    messages.append({"type": "http.request", "body": b"", "more_body": False})
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw, "query_string": query.encode()}, receive)


def form(*chunks: bytes, content_type: str = FORM) -> Request:
    return request(chunks, {"Content-Type": content_type})


async def read(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


# Raw bodies


async def test_a_raw_body_is_the_file() -> None:
    upload = await incoming(request([b"one", b"", b"two"], {"Content-Type": "audio/wav"}))
    assert (upload.name, upload.declared_type, upload.fields) == (None, "audio/wav", {})
    assert await read(upload.chunks) == b"onetwo"


@pytest.mark.parametrize(
    ("headers", "query", "name"),
    [
        ({}, "", None),
        ({}, "name=a%20b.mp3", "a b.mp3"),
        ({"X-File-Name": "..%2Fna%C3%AFve.mp3"}, "name=q.mp3", "naïve.mp3"),
        ({"Content-Disposition": 'attachment; filename="d.mp3"', "X-File-Name": "x.mp3"}, "", "d.mp3"),
    ],
)
async def test_a_raw_body_is_named(headers: dict[str, str], query: str, name: str | None) -> None:
    assert (await incoming(request([b"x"], headers, query))).name == name


async def test_an_announced_length_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    async def receive() -> Message:
        pytest.fail("the body was read")

    scope = {"type": "http", "headers": [(b"content-length", b"11")], "query_string": b""}
    with pytest.raises(TooLargeError):
        await incoming(Request(scope, receive), max_bytes=10)
    assert (await incoming(Request(scope, receive), max_bytes=11)).name is None


async def test_a_packed_body_is_refused() -> None:
    with pytest.raises(UnsupportedMediaError):
        await incoming(request([b"x"], {"Content-Encoding": "gzip"}))


# Forms


@pytest.mark.parametrize("cut", range(len(SMALL_FORM) + 1))
async def test_a_form_cut_in_two_anywhere_is_the_same_form(cut: int) -> None:
    await is_the_small_form(form(SMALL_FORM[:cut], SMALL_FORM[cut:]))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
async def test_a_form_that_drips_is_the_same_form(size: int) -> None:
    await is_the_small_form(form(*(SMALL_FORM[start : start + size] for start in range(0, len(SMALL_FORM), size))))


async def is_the_small_form(asked: Request) -> None:
    upload = await incoming(asked)
    assert (upload.name, upload.declared_type) == ("télk.wav", "audio/wav")
    assert await read(upload.chunks) == DATA
    assert upload.fields == {"language": ["es"], "tag": ["a", "ä"], "after": ["late"]}


async def test_what_httpx_sends_is_read() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        upload = await incoming(Request(scope, receive))
        body = json.dumps([upload.name, upload.declared_type, len(await read(upload.chunks)), upload.fields]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client:
        files = {"file": ("日本.mp3", b"x" * 300_000, "audio/mpeg")}
        answer = await client.post("/", files=files, data={"model": "whisper-1", "prompt": ["a", "b"]})
        assert answer.json() == ["日本.mp3", "audio/mpeg", 300_000, {"model": ["whisper-1"], "prompt": ["a", "b"]}]
        answer = await client.post("/", content=b"raw", headers={"Content-Type": "audio/flac", "X-File-Name": "r"})
        assert answer.json() == ["r", "audio/flac", 3, {}]


async def test_an_empty_file_in_a_form_is_an_empty_file() -> None:
    upload = await incoming(form(part("file", b"", '; filename="e.wav"') + END))
    assert await read(upload.chunks) == b""


async def test_a_closing_boundary_without_a_line_end_is_enough() -> None:
    upload = await incoming(form((part("file", b"x") + END).removesuffix(b"\r\n")))
    assert await read(upload.chunks) == b"x"


@pytest.mark.parametrize("body", [END, part("other", b"x") + END, part("File", b"x") + END])
async def test_a_form_without_the_field_is_told_so(body: bytes) -> None:
    with pytest.raises(InvalidError) as caught:
        await incoming(form(body))
    assert caught.value.field == "file"


HUGE = b"x" * (FORM_OVERHEAD_BYTES + 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a form",
        part("language", b"es"),
        b"--b0undary\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + END,
        b'--b0undary\r\nContent-Disposition: attachment; name="file"\r\n\r\nx\r\n' + END,
        b"--b0undary\r\nno colon\r\n\r\nx\r\n" + END,
        b"--b0undary\r\n\r\nx\r\n" + END,
        part("file", b"eA==", more="Content-Transfer-Encoding: base64\r\n") + END,
        part("file", b"x", more="X: " + "y" * MAX_HEADER_BYTES + "\r\n") + END,
        part("file", b"x", more="X: y\r\n" * 100) + END,
        part("x", b"") * (MAX_PARTS + 1) + END,
        part("prompt", HUGE) + part("file", b"x") + END,
        part("prompt", HUGE[: len(HUGE) // 2 + 1]) * 2 + part("file", b"x") + END,
    ],
)
async def test_a_broken_form_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedError):
        await incoming(form(*(body[start : start + 65536] for start in range(0, len(body), 65536))))


@pytest.mark.parametrize("content_type", ["multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"])
async def test_a_form_without_a_usable_boundary_is_malformed(content_type: str) -> None:
    with pytest.raises(MalformedError):
        await incoming(form(SMALL_FORM, content_type=content_type))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (part("file", DATA), MalformedError),
        (part("file", DATA) + b"--b0undary", MalformedError),
        (part("file", DATA) + part("late", b"x"), MalformedError),
        (part("file", DATA) + part("late", HUGE) + END, MalformedError),
        (part("file", DATA) + END + b"\r\n" * MAX_WRAPPING_BYTES, MalformedError),
        (part("file", DATA) + part("file", DATA) + END, InvalidError),
    ],
    ids=["cut", "cut in the boundary", "cut after", "huge field after", "endless epilogue", "two files"],
)
async def test_what_is_wrong_behind_the_beginning_of_the_file_ends_its_stream(
    body: bytes, error: type[PlayheadError]
) -> None:
    upload = await incoming(form(*(body[start : start + 65536] for start in range(0, len(body), 65536))))
    with pytest.raises(error):
        await read(upload.chunks)


# Leaving nothing


@pytest.mark.parametrize("kind", ["raw", "form"])
async def test_a_client_that_hangs_up_leaves_nothing(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("storage")
    storage = Storage.from_url(folder.as_uri())
    beginning = part("file", b"")[:-2] if kind == "form" else b""
    messages: list[Message] = [
        {"type": "http.request", "body": beginning + b"x" * 9_000_000, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    scope: dict[str, Any] = {"type": "http", "headers": [], "query_string": b""}
    if kind == "form":
        scope["headers"] = [(b"content-type", FORM.encode())]
    upload = await incoming(Request(scope, receive))
    with pytest.raises(MalformedError, match="hung up"):
        await storage.put(upload.chunks)
    await tidied()
    left = await asyncio.to_thread(lambda: [path.name for path in folder.rglob("*") if path.is_file()])
    assert left == ["playhead-storage"]


# The head


async def in_chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@pytest.mark.parametrize(("count", "head"), [(1, b"a"), (4, b"abcd"), (6, b"abcdef"), (100, b"abcdef")])
async def test_the_head_is_seen_and_stays_in_the_stream(count: int, head: bytes) -> None:
    seen, chunks = await with_head(in_chunks(b"ab", b"cd", b"ef"), count)
    assert seen == head
    assert await read(chunks) == b"abcdef"


async def test_an_error_in_the_stream_shows_behind_the_head_too() -> None:
    async def failing() -> AsyncIterator[bytes]:
        yield b"ab"
        message = "away"
        raise StorageError(message)

    _, chunks = await with_head(failing(), 1)
    with pytest.raises(StorageError):
        await read(chunks)
