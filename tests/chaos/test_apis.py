"""A request that got no answer may be done later: for so long, nothing is certain."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from chaos.apis import Apis
from chaos.diary import Diary


def answering(answers: list[httpx.Response | Exception]) -> Apis:
    def answer(_: httpx.Request) -> httpx.Response:
        told = answers.pop(0)
        if isinstance(told, Exception):
            raise told
        return told

    apis = Apis(["http://api"], "key", Diary())
    apis.clients[0]._transport = httpx.MockTransport(answer)
    return apis


@pytest.mark.parametrize(
    ("method", "answers", "is_in_doubt"),
    [
        ("POST", [httpx.ReadTimeout("frozen"), httpx.Response(200)], True),
        ("GET", [httpx.ReadTimeout("frozen"), httpx.Response(200)], False),
        ("POST", [httpx.Response(503, headers={"Retry-After": "0.01"}), httpx.Response(200)], True),
        ("POST", [httpx.Response(200)], False),
    ],
    ids=["given up", "changes nothing", "given up by the API", "answered"],
)
async def test_what_was_given_up_is_in_doubt(
    method: str, answers: list[httpx.Response | Exception], *, is_in_doubt: bool
) -> None:
    async with answering(answers) as apis:
        await apis.call(method, "/")
    assert (apis.doubtful_until > time.time()) == is_in_doubt


async def test_what_its_client_no_longer_waits_for_is_in_doubt() -> None:
    sent = asyncio.Event()

    async def hold(_: httpx.Request) -> httpx.Response:
        sent.set()
        return await asyncio.Future()

    async with answering([]) as apis:
        apis.clients[0]._transport = httpx.MockTransport(hold)
        waiting = asyncio.create_task(apis.call("POST", "/"))
        await sent.wait()
        waiting.cancel()
        await asyncio.wait([waiting])
    assert apis.doubtful_until > time.time()
