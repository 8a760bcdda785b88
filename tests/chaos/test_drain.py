"""After the last fault: all must end, and stay so."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from chaos import drain
from chaos.apis import Apis
from chaos.server import Server
from tests.chaos.forged import JOB


class Answering(Apis):
    """Says yes to everything; a request that was given up may yet be carried out, for so long from each asking on."""

    def __init__(self, *doubt_seconds: float) -> None:
        self._doubt_seconds = list(doubt_seconds)

    @property
    def doubtful_until(self) -> float:  # type: ignore[override] # what began earlier could be over by then
        return time.time() + self._doubt_seconds.pop(0)

    async def call(self, method: str, path: str, **_: Any) -> tuple[httpx.Response, bool]:
        return httpx.Response(200, request=httpx.Request(method, f"http://api{path}")), True


def telling(answers: list[list[dict[str, Any]]]) -> Server:
    """A server that gives these open jobs, one answer after the other."""

    async def fetch(_: str) -> list[dict[str, Any]]:
        return answers.pop(0)

    @contextlib.asynccontextmanager
    async def connection() -> AsyncIterator[SimpleNamespace]:
        yield SimpleNamespace(fetch=fetch)

    return cast("Server", SimpleNamespace(connection=connection))


OPEN = {"id": JOB, "kind": "chaos_quick", "state": "queued"}


async def test_what_begins_anew_while_requests_are_in_doubt_is_waited_for() -> None:
    answers: list[list[dict[str, Any]]] = [[OPEN], [], [OPEN], []]
    said: list[str] = []
    assert await drain.drain(telling(answers), Answering(0.5, 0.0), said.append) == []
    assert (answers, said) == ([], ["1 jobs to end"] * 2)


async def test_once_nothing_is_in_doubt_the_first_end_is_the_end() -> None:
    answers: list[list[dict[str, Any]]] = [[], [OPEN]]
    assert await drain.drain(telling(answers), Answering(0.0), lambda _: None) == []
    assert answers == [[OPEN]]


async def test_a_job_that_does_not_end_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "STUCK_SECONDS", 0.0)
    told = await drain.drain(telling([[OPEN]] * 2), Answering(9.0), lambda _: None)
    assert told == [f"job {JOB} (chaos_quick) stays queued"]
