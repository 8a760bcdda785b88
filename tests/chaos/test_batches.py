"""Graphs in the chaos run: what is asked for, what is noted of what users do to them, and what the checker finds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from chaos.apis import Apis
from chaos.batches import BatchUser, check_batches
from chaos.diary import Batch, Diary
from chaos.mix import Mix
from tests.chaos.forged import asked

BATCH, FIRST, SECOND = (UUID(int=number) for number in range(1, 4))


class Told(Apis):
    """Answers by path; a path that is not there is missing."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    async def call(self, method: str, path: str, **_: Any) -> tuple[httpx.Response, bool]:
        told = self._answers.get(path.removeprefix("/api/v1/").split("/")[0])
        request = httpx.Request(method, f"http://api{path}")
        return httpx.Response(200 if told else 404, json=told, request=request), True


def accepted() -> tuple[Batch, Diary]:
    batch = Batch("batch-k1", (asked(job_id=FIRST), asked(key="k2", needs=("k1",), job_id=SECOND)), BATCH)
    return batch, Diary(asked={one.key: one for one in batch.jobs}, batches=[batch])


def jobs(*states: str) -> dict[str, Any]:
    return {"items": [{"id": str(UUID(int=number)), "state": state} for number, state in enumerate(states, start=2)]}


def told(**changed: Any) -> dict[str, Any]:
    return {"state": "succeeded", "total": 2, "counts": {"succeeded": 1, "failed": 1}, "failures": 1} | changed


def test_jobs_of_a_graph_build_on_those_before_them_and_on_nothing_else() -> None:
    mix, chained = Mix(seed=1), 0
    for batch in (mix.next_batch() for _ in range(50)):
        for place, one in enumerate(batch.jobs):
            before = {other.key for other in batch.jobs[:place]}
            assert set(one.needs) <= before
            chained += bool(one.needs)
    assert chained > 50


@pytest.mark.parametrize("wish", ["cancel", "retry", "delete"])
async def test_what_is_done_to_a_batch_may_have_been_done_to_each_of_its_jobs(wish: str) -> None:
    batch, seen = accepted()
    await BatchUser(Told(batches=told()), seen, [batch], seed=1)._act(wish, batch)
    assert (set(seen.wished[wish]), seen.surprises) == ({FIRST, SECOND}, [])


async def test_jobs_of_a_deleted_batch_are_to_be_gone() -> None:
    batch, seen = accepted()
    await BatchUser(Told(batches=told()), seen, [batch], seed=1)._act("delete", batch)
    assert dict(seen.confirmed) == {("delete", FIRST): 1, ("delete", SECOND): 1}


async def test_a_batch_that_is_missing_though_nobody_deleted_it_is_a_surprise() -> None:
    batch, seen = accepted()
    await BatchUser(Told(), seen, [batch], seed=1)._act("read", batch)
    assert len(seen.surprises) == 1
    assert len(await check_batches(Told(), seen)) == 1


async def test_a_batch_that_may_be_deleted_may_be_missing() -> None:
    batch, seen = accepted()
    await BatchUser(Told(), seen, [batch], seed=1)._act("delete", batch)
    assert (seen.surprises, await check_batches(Told(), seen)) == ([], [])


@pytest.mark.parametrize(("other", "failures"), [("failed", 1), ("skipped", 0)])
async def test_a_batch_that_tells_what_its_jobs_are_is_sound(other: str, failures: int) -> None:
    batch = told(counts={"succeeded": 1, other: 1}, failures=failures)
    assert await check_batches(Told(batches=batch, jobs=jobs("succeeded", other)), accepted()[1]) == []


@pytest.mark.parametrize(
    ("batch", "children"),
    [
        (told(total=3), jobs("succeeded", "failed")),
        (told(), jobs("succeeded", "failed", "failed")),
        (told(counts={"succeeded": 2}), jobs("succeeded", "failed")),
        (told(failures=0), jobs("succeeded", "failed")),
        (told(state="failed"), jobs("succeeded", "failed")),
        (told(state="running"), jobs("succeeded", "failed")),
        (told(counts={"canceled": 2}, failures=2), jobs("canceled", "canceled")),
    ],
    ids=["total", "a stranger", "counts", "failures", "state", "not ended", "none succeeded"],
)
async def test_a_batch_that_tells_anything_else_is_found(batch: dict[str, Any], children: dict[str, Any]) -> None:
    assert await check_batches(Told(batches=batch, jobs=children), accepted()[1])
