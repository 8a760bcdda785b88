"""A batch of ten thousand jobs to its end: done by two worker processes, and counted right wherever it is counted."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.acceptance.processes import PLAIN, api, worker
from tests.nothing import kind_file

if TYPE_CHECKING:
    from pathlib import Path

    import httpx

    from tests.worker.conftest import House

MANY, LEFT_OUT = 10_000, {"skip": 40, "cancel": 60}
ENDS = {"succeeded": MANY - sum(LEFT_OUT.values()), "skipped": LEFT_OUT["skip"], "canceled": LEFT_OUT["cancel"]}


async def get(http: httpx.AsyncClient, path: str, **params: Any) -> Any:
    return (await http.get(f"/api/v1/{path}", params=params)).raise_for_status().json()


async def listed(http: httpx.AsyncClient, **filters: Any) -> list[dict[str, Any]]:
    """All of a list, page by page as clients read it."""
    page = await get(http, "jobs", limit=200, **filters)
    found = page["items"]
    while page["next_cursor"]:
        page = await get(http, "jobs", limit=200, cursor=page["next_cursor"], **filters)
        found += page["items"]
    return list(found)


async def leave_out(http: httpx.AsyncClient, batch_id: str) -> None:
    """Some jobs that nobody is to do."""
    jobs = iter((await get(http, "jobs", parent=batch_id, limit=200))["items"])
    for action, count in LEFT_OUT.items():
        for _ in range(count):
            (await http.post(f"/api/v1/jobs/{next(jobs)['id']}/{action}")).raise_for_status()


async def ended(http: httpx.AsyncClient, batch_id: str) -> Any:
    """The batch at its end. Whoever waits for a batch counts it again and again: the last of its jobs costs less."""
    last = (await get(http, "jobs", parent=batch_id, state="queued", limit=1))["items"]
    for path in (*(f"jobs/{job['id']}" for job in last), f"batches/{batch_id}"):
        while (await get(http, path, wait=60))["state"] in {"queued", "running"}:
            pass
    return await get(http, f"batches/{batch_id}")


async def require_counted(http: httpx.AsyncClient, batch: dict[str, Any]) -> None:
    """Each job is there once, was done once or left out, and is counted so by its batch, by the stats and in lists."""
    assert (batch["state"], batch["progress"], batch["failures"]) == ("succeeded", 1.0, LEFT_OUT["cancel"])
    assert (batch["total"], batch["counts"]) == (MANY, ENDS)
    stats = await get(http, "stats")
    counts = {(one["kind"], one["state"]): one["jobs"] for one in stats["counts"]}
    assert (stats["jobs"], counts) == (MANY, {("nothing", state): count for state, count in ENDS.items()})
    jobs = await listed(http, parent=batch["id"])
    assert len({job["id"] for job in jobs}) == len(jobs) == MANY
    once = {(state, int(state == "succeeded")): count for state, count in ENDS.items()}
    assert Counter((job["state"], job["attempt"]) for job in jobs) == once
    assert len(await listed(http, state=["skipped", "canceled"])) == sum(LEFT_OUT.values())


@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_a_batch_of_ten_thousand_is_done_and_counted(house: House, tmp_path: Path) -> None:
    (tmp_path / "nothing.py").write_text(kind_file("nothing"))
    body = {"kind": "nothing", "inputs": [{"text": str(place)} for place in range(MANY)]}
    settings = {"KINDS_DIR": str(tmp_path), "WORKER__LOST_AFTER_SECONDS": "60"}
    async with api(house, **settings) as http, AsyncExitStack() as stack:
        batch = (await http.post("/api/v1/batches", json=body)).raise_for_status().json()
        assert (batch["total"], batch["counts"]) == (MANY, {"queued": MANY})
        await leave_out(http, batch["id"])
        for _ in range(2):
            working = worker(house, "--kinds", "nothing", "--concurrency", "cpu=16", code=PLAIN, **settings)
            await stack.enter_async_context(working)
        await require_counted(http, await ended(http, batch["id"]))
