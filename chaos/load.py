"""The clients that submit: at a steady rate, each request again and again until it is answered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from random import Random
from typing import Any
from uuid import UUID

import httpx

from chaos.apis import Apis
from chaos.contents import POISON, make
from chaos.diary import Asked, Batch, Diary
from chaos.mix import Mix, body

CLIENTS = 40
"""Requests under way at once: while the APIs are away, no more are begun."""
RECENT = 200
REUSE = 0.8
BATCHES = 0.04
"""Share of the requests that ask for several jobs."""
DOUBLE = 0.1
"""Share of the requests that are sent to both APIs at once."""


class Load:
    """Submits until canceled, then sees through what it has begun."""

    def __init__(self, apis: Apis, diary: Diary, seed: int, *, jobs_per_second: float) -> None:
        self.recent: deque[Asked] = deque(maxlen=RECENT)
        self.recent_batches: deque[Batch] = deque(maxlen=RECENT)
        self.open = asyncio.Event()
        """Cleared while there is more to do than should be."""
        self.open.set()
        self._apis = apis
        self._diary = diary
        self._mix = Mix(seed)
        self._random = Random(f"load {seed}")
        self._rate = jobs_per_second
        self._clients = asyncio.Semaphore(CLIENTS)
        self._files: dict[int, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Submit until canceled."""
        while True:
            await asyncio.sleep(self._random.expovariate(self._rate))
            await self.open.wait()
            await self._clients.acquire()
            if self._random.random() < BATCHES:
                self._begin_batch(self._mix.next_batch())
            else:
                self._begin(self._mix.next(self.recent))

    async def finish(self) -> None:
        """Wait until every request is answered."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    def poison(self, number: int) -> None:
        """Submit a job that kills its worker, at most twice."""
        asked = Asked(f"poison{number:04d}", "chaos_poison", {"salt": str(number)}, POISON + number, max_attempts=2)
        asked.priority = "urgent"
        self._begin(asked)

    def _begin(self, asked: Asked) -> None:
        self._diary.asked[asked.key] = asked
        self._start(self._submit(asked), f"submit {asked.key}")

    def _begin_batch(self, batch: Batch) -> None:
        self._diary.batches.append(batch)
        self._diary.asked |= {one.key: one for one in batch.jobs}
        self._start(self._submit_batch(batch), f"submit {batch.key}")

    def _start(self, submitting: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(submitting, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.get_name().startswith("submit poison"):
            self._clients.release()
        if not task.cancelled() and (error := task.exception()):
            self._diary.surprises.append(f"{task.get_name()}: {error!r}")

    async def _submit(self, asked: Asked) -> None:
        file_id = None if asked.content is None else await self._file(asked.content)
        ids = {key: one.job_id for key in asked.needs if (one := self._diary.asked[key]).job_id}
        asked.needed = tuple(ids.values())
        json = body(asked, file_id, {key: str(job_id) for key, job_id in ids.items()})
        for answer, sure in await self._send("/api/v1/jobs", asked.key, json):
            asked.unheard = asked.unheard or not sure
            self._take(asked, answer)
        if asked.job_id:
            self.recent.append(asked)

    async def _submit_batch(self, batch: Batch) -> None:
        names = {one.key: one.key for one in batch.jobs}
        files = [None if one.content is None else await self._file(one.content) for one in batch.jobs]
        jobs = {one.key: body(one, file_id, names) for one, file_id in zip(batch.jobs, files, strict=True)}
        json = {"jobs": jobs, "metadata": {"key": batch.key}}
        for answer, _ in await self._send("/api/v1/batches", batch.key, json):
            self._take_batch(batch, answer)
        if batch.batch_id:
            self.recent_batches.append(batch)
            self.recent.extend(batch.jobs)

    async def _send(self, path: str, key: str, json: dict[str, Any]) -> list[tuple[httpx.Response, bool]]:
        """The answers, and whether each came at the first try; to some requests there are two."""
        times = 2 if self._random.random() < DOUBLE else 1
        calls = (self._apis.call("POST", path, json=json, headers={"Idempotency-Key": key}) for _ in range(times))
        return await asyncio.gather(*calls)

    def _take(self, asked: Asked, answer: httpx.Response) -> None:
        if answer.status_code == httpx.codes.ACCEPTED:
            self._diary.accept(asked, UUID(answer.json()["id"]))
        elif answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY and asked.needs:
            # What it builds on may have ended without success, or been deleted, meanwhile: the checker looks.
            asked.refused = str(answer.json()["code"])
        else:
            self._diary.surprise(asked.key, answer)

    def _take_batch(self, batch: Batch, answer: httpx.Response) -> None:
        if answer.status_code != httpx.codes.ACCEPTED:
            self._diary.surprise(batch.key, answer)
            return
        told = answer.json()
        batch.batch_id = UUID(told["id"])
        for one in batch.jobs:
            self._diary.accept(one, UUID(told["jobs"][one.key]))
        for one in batch.jobs:
            one.needed = tuple(job_id for key in one.needs if (job_id := self._diary.asked[key].job_id))

    async def _file(self, number: int) -> str:
        known = self._files.get(number)
        if known and self._random.random() < REUSE:
            return known
        headers = {"Content-Type": "audio/wav"}
        content = await asyncio.to_thread(make, number)
        answer, _ = await self._apis.call("POST", "/api/v1/files", content=content, headers=headers)
        answer.raise_for_status()
        file_id = str(answer.json()["id"])
        if number < POISON:
            self._files[number] = file_id
        return file_id
