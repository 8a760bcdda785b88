"""A body of many lines, read as it comes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect, Request

from playhead.errors import MalformedError, TooLargeError, UnsupportedMediaError

MAX_LINE_BYTES = 1024 * 1024


async def lines(request: Request) -> AsyncIterator[tuple[int, bytes]]:
    """The lines of the body that are not empty, with their numbers from 1. Only the one that comes in is held.

    Raises:
        MalformedError: the body ends early.
        TooLargeError: a line is longer than :data:`MAX_LINE_BYTES`.
        UnsupportedMediaError: the body is compressed as a whole.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaError("send the lines as they are, without Content-Encoding")
    number, begun = 0, bytearray()
    async for chunk in _chunks(request):
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            begun += part
            number += 1
            if line := _checked(begun, number).strip():
                yield number, bytes(line)
            begun.clear()
        begun += rest
        _checked(begun, number + 1)
    if begun.strip():
        yield number + 1, bytes(begun.strip())


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise MalformedError("the body ended early") from None


def _checked(line: bytearray, number: int) -> bytearray:
    if len(line) > MAX_LINE_BYTES:
        raise TooLargeError(f"line {number} is longer than {MAX_LINE_BYTES} bytes")
    return line
