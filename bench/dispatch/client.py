"""A client that costs little: what is measured shares the machine with it."""

from __future__ import annotations

import asyncio
import itertools
import json
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from bench.dispatch import nothing
from bench.dispatch.machine import ADMIN_KEY

_numbers = itertools.count()


class Client:
    """One connection to an API, by which one job is posted after the other."""

    def __init__(self, url: str) -> None:
        self._at = urlsplit(url)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._at.hostname, self._at.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def post(self) -> UUID:
        """Have a job that does nothing accepted; its id.

        Raises:
            AssertionError: it is not accepted.
        """
        asked = {"kind": nothing.NAME, "input": {"text": "nothing"}, "params": {"number": next(_numbers)}}
        body = json.dumps(asked).encode()
        head = (
            f"POST /api/v1/jobs HTTP/1.1\r\nHost: {self._at.netloc}\r\nAuthorization: Bearer {ADMIN_KEY}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        status, answer = await self._answer()
        assert status == HTTPStatus.ACCEPTED, answer
        return UUID(json.loads(answer)["id"])

    async def _answer(self) -> tuple[int, bytes]:
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        (size,) = (int(line.partition(b":")[2]) for line in lines if line.lower().startswith(b"content-length"))
        return int(status.split()[1]), await self._reader.readexactly(size)
