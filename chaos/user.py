"""A user who changes his mind: cancels, retries, skips, deletes, reads, pauses and resumes queues at random."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from random import Random
from uuid import UUID

import httpx

from chaos.apis import DOUBT_SECONDS, Apis
from chaos.diary import REFUSED, Asked, Diary, Pause
from playhead.kind import QUEUES

WISHES = {"cancel": 30, "retry": 28, "skip": 8, "delete": 10, "read": 16, "pause": 8}
"""Shares, in percent."""
PAUSE_SECONDS = (1.0, 4.0)


class User:
    """Acts until canceled, once in ``mean_gap_seconds``."""

    def __init__(self, apis: Apis, diary: Diary, recent: Sequence[Asked], seed: int) -> None:
        self._apis = apis
        self._diary = diary
        self._recent = recent
        self._random = Random(f"user {seed}")
        self._doubtful_until: dict[str, float] = {}

    async def run(self, mean_gap_seconds: float) -> None:
        """Act until canceled."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / mean_gap_seconds))
            wish = self._random.choices(list(WISHES), list(WISHES.values()))[0]
            if wish == "pause":
                await self._pause(self._random.choice(QUEUES), self._random.uniform(*PAUSE_SECONDS))
            elif self._recent:
                await self._act(wish, self._chosen())

    def _chosen(self) -> UUID:
        job_id = self._random.choice(self._recent).job_id
        assert job_id is not None  # noqa: S101 - the recent ones were accepted
        return job_id

    async def _act(self, wish: str, job_id: UUID) -> None:
        if wish == "read":
            await self._read(job_id)
            return
        self._diary.wish(wish, job_id)
        path = f"/api/v1/jobs/{job_id}"
        method, path = ("DELETE", path) if wish == "delete" else ("POST", f"{path}/{wish}")
        answer, sure = await self._apis.call(method, path)
        if answer.is_success:
            self._diary.confirmed[wish, job_id] += 1
        elif sure and answer.status_code in REFUSED:
            self._diary.refuse(wish, job_id)
        self._look(answer, f"{method} {path}", job_id)

    async def _read(self, job_id: UUID) -> None:
        path = f"/api/v1/jobs/{job_id}"
        answer, _ = await self._apis.call("GET", path, params={"wait": 1})
        if answer.status_code == httpx.codes.OK and answer.json()["state"] == "succeeded":
            self._diary.succeeded.add(job_id)
        self._look(answer, f"GET {path}", job_id)

    def _look(self, answer: httpx.Response, request: str, job_id: UUID) -> None:
        self._diary.look(request, answer, may_be_gone=job_id in self._diary.wished["delete"])

    async def _pause(self, queue: str, seconds: float) -> None:
        await self._apis.call("POST", f"/api/v1/queues/{queue}/pause")
        since = time.time()
        await asyncio.sleep(seconds)
        until = time.time()
        if since >= self._doubtful_until.get(queue, 0.0):
            self._diary.pauses.append(Pause(queue, since, until))
        _, sure = await self._apis.call("POST", f"/api/v1/queues/{queue}/resume")
        if not sure:
            # One that was given up may yet be done, in the midst of the next pause.
            self._doubtful_until[queue] = time.time() + DOUBT_SECONDS


async def resume_all(apis: Apis) -> None:
    """Leave no queue paused."""
    for queue in QUEUES:
        await apis.call("POST", f"/api/v1/queues/{queue}/resume")
