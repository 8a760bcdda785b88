"""Batches: graphs of jobs in one request; what users do to the whole of one, and what it says in the end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any
from uuid import UUID

import httpx

from chaos.apis import Apis
from chaos.diary import Batch, Diary
from playhead.states import TERMINAL

PATH = "/api/v1/batches"
FAILURES = ("failed", "expired", "canceled")
WISHES = {"cancel": 30, "retry": 40, "read": 20, "delete": 10}
"""Shares, in percent."""


class BatchUser:
    """Acts on whole batches until canceled, once in ``mean_gap_seconds``."""

    def __init__(self, apis: Apis, diary: Diary, recent: Sequence[Batch], seed: int) -> None:
        self._apis = apis
        self._diary = diary
        self._recent = recent
        self._random = Random(f"batches {seed}")

    async def run(self, mean_gap_seconds: float) -> None:
        """Act until canceled."""
        while True:
            await asyncio.sleep(self._random.expovariate(1 / mean_gap_seconds))
            if self._recent:
                wish = self._random.choices(list(WISHES), list(WISHES.values()))[0]
                await self._act(wish, self._random.choice(self._recent))

    async def _act(self, wish: str, batch: Batch) -> None:
        path = f"{PATH}/{batch.batch_id}"
        if wish != "read":
            # Whatever the answer: which of the jobs it was done to is not told.
            self._diary.wish(wish, *batch.job_ids)
            batch.deleted = batch.deleted or wish == "delete"
        method = {"read": "GET", "delete": "DELETE"}.get(wish, "POST")
        answer, _ = await self._apis.call(method, path if method != "POST" else f"{path}/{wish}")
        if wish == "delete" and answer.is_success:
            self._diary.confirmed.update({("delete", job_id): 1 for job_id in batch.job_ids})
        self._diary.look(f"{method} {path}", answer, may_be_gone=batch.deleted)


async def check_batches(apis: Apis, diary: Diary) -> list[str]:
    """Once every job has ended: what is wrong with what batches tell of theirs."""
    return [wrong for batch in diary.batches if batch.batch_id for wrong in await _check(apis, batch)]


async def _check(apis: Apis, batch: Batch) -> list[str]:
    answer, _ = await apis.call("GET", f"{PATH}/{batch.batch_id}")
    if answer.status_code == httpx.codes.NOT_FOUND and batch.deleted:
        return []
    if answer.status_code != httpx.codes.OK:
        return [f"batch {batch.batch_id} ({batch.key}): {answer.status_code} {answer.text[:500]}"]
    listed, _ = await apis.call("GET", "/api/v1/jobs", params={"parent": str(batch.batch_id), "limit": 100})
    wrongs = _wrongs(batch, answer.json(), listed.raise_for_status().json()["items"])
    return [f"batch {batch.batch_id} ({batch.key}) {wrong}" for wrong in wrongs]


def _wrongs(batch: Batch, told: dict[str, Any], jobs: Sequence[dict[str, Any]]) -> Iterator[str]:
    """What it tells must follow from its jobs: those that were asked for, unless a user deleted them."""
    strangers = {UUID(job["id"]) for job in jobs} - batch.job_ids
    if strangers or told["total"] != len(batch.jobs):
        yield f"was asked for {len(batch.jobs)} jobs, tells of {told['total']}; not asked for: {sorted(strangers)}"
    counts = Counter(job["state"] for job in jobs)
    if told["counts"] != counts:
        yield f"tells {told['counts']}, its jobs are {dict(counts)}"
    if told["failures"] != sum(counts[state] for state in FAILURES):
        yield f"tells of {told['failures']} failures, its jobs are {dict(counts)}"
    if jobs and (told["state"] not in TERMINAL or (told["state"] == "succeeded") != bool(counts["succeeded"])):
        yield f"is {told['state']}, its jobs are {dict(counts)}"
