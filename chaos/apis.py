"""The API as its clients see it: two addresses, either of which may be away."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import Any, Self

import httpx

from chaos.diary import Diary

AWAY = {502, 503, 504}
ANSWER_SECONDS = 6.0
PAUSE_CAP_SECONDS = 2.0
DOUBT_SECONDS = 30.0
"""A request that was given up may be done for so long: frozen and silent parts go on sooner, and the API gives up."""


class Apis:
    """Clients for all addresses; a request goes from one to the next until it is answered.

    Attributes:
        doubtful_until: POSIX time until which something may yet be done that was asked for and given up, by its client
            or by the API: a silent network may hold its last word to the database back.
    """

    doubtful_until = 0.0

    def __init__(self, urls: list[str], key: str, diary: Diary) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        limits = httpx.Limits(max_connections=None)
        self.clients = [
            httpx.AsyncClient(base_url=url, headers=headers, timeout=ANSWER_SECONDS, limits=limits) for url in urls
        ]
        self._turn = itertools.cycle(self.clients)
        self._diary = diary

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for client in self.clients:
            await client.aclose()

    async def call(self, method: str, path: str, **more: Any) -> tuple[httpx.Response, bool]:
        """The answer, once there is one, and whether it came at the first try.

        A request that got no answer may have been done, or may be done later yet: it is sent again all the same.
        """
        for tries in itertools.count():
            answer = await self._try(next(self._turn), method, path, more)
            if answer is not None and answer.status_code not in AWAY | {500}:
                return answer, tries == 0
            await asyncio.sleep(_pause(answer, tries))
        raise AssertionError

    async def _try(
        self, client: httpx.AsyncClient, method: str, path: str, more: dict[str, Any]
    ) -> httpx.Response | None:
        answer: httpx.Response | None = None
        try:
            answer = await client.request(method, path, **more)
        except httpx.HTTPError as error:
            self._diary.count(f"no answer: {type(error).__name__}")
            return None
        finally:
            if method != "GET" and (answer is None or answer.status_code in AWAY):
                self.doubtful_until = time.time() + DOUBT_SECONDS
        self._diary.count(str(answer.status_code))
        if answer.status_code == httpx.codes.INTERNAL_SERVER_ERROR:
            self._diary.surprise(f"{method} {path}", answer)
        if answer.status_code in AWAY and "Retry-After" not in answer.headers:
            self._diary.surprises.append(f"{method} {path}: {answer.status_code} without Retry-After")
        return answer


def _pause(answer: httpx.Response | None, tries: int) -> float:
    told = float(answer.headers.get("Retry-After", 0)) if answer is not None else 0.0
    return min(PAUSE_CAP_SECONDS, told or 0.1 * 2.0 ** min(tries, 10))
