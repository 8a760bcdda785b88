"""A batch has so many rows, and no more, however PostgreSQL comes by them.

``DELETE ... WHERE id IN (SELECT ... LIMIT 2 FOR UPDATE SKIP LOCKED)`` may take more than two: a nested loop asks the
inner query again for each row, and what is gone by then does not count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, text, update

from playhead.identity import new_id
from playhead.ledger import clearing, quarantine, retention, workers
from playhead.ledger.files import add_file, keep_blobs
from playhead.models import ADMIN_OWNER, Blob, EngineDeaths, File, WorkerRow
from playhead.storage import Blob as Stored

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sqlalchemy.ext.asyncio import AsyncSession

    from tests.ledger.conftest import Bench

PAST = func.now() - text("interval '2 days'")
NESTED = [f"SET LOCAL enable_{what} = off" for what in ("hashjoin", "mergejoin", "hashagg", "sort", "material")]
BATCH, ROWS = 2, 5


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((retention, "BATCH"), (retention, "CASCADING"), (clearing, "BATCH"), (quarantine, "BATCH")):
        monkeypatch.setattr(module, name, BATCH)


async def files(session: AsyncSession) -> None:
    for number in range(ROWS):
        about: dict[str, Any] = {"name": None, "media_type": "audio/wav", "duration_seconds": None}
        await add_file(session, owner_id=ADMIN_OWNER, blob=Stored(f"{number:064}", 3), expires_in_seconds=60, **about)
    await session.execute(update(File).values(expires_at=PAST))


async def gone_workers(session: AsyncSession) -> None:
    for number in range(ROWS):
        await workers.arrive(session, new_id(), name=str(number), device="none", queues=[], concurrency={})
    await session.flush()
    await session.execute(update(WorkerRow).where(WorkerRow.name != "bench").values(heartbeat_at=PAST))


async def orphans(session: AsyncSession) -> None:
    await keep_blobs(session, [Stored(f"{number:064}", 3) for number in range(ROWS)])
    await session.execute(update(Blob).values(touched_at=PAST))


async def deaths(session: AsyncSession) -> None:
    about: dict[str, Any] = {"kind": "transcribe", "deaths": 2, "job_ids": [], "last_error": {}}
    session.add_all(EngineDeaths(sha256=f"{number:064}", last_at=PAST, **about) for number in range(ROWS))


@pytest.mark.parametrize(
    ("made", "batch"),
    [
        (files, retention.drop_expired_files),
        (gone_workers, retention.drop_old_workers),
        (orphans, lambda session: clearing.doom_orphans(session, 60)),
        (deaths, lambda session: quarantine.drop_old(session, 60)),
    ],
)
async def test_a_batch_is_no_larger_however_it_is_read(
    bench: Bench, made: Callable[[AsyncSession], Awaitable[None]], batch: Callable[[AsyncSession], Awaitable[Any]]
) -> None:
    async with bench.database.transaction() as session:
        await made(session)
    assert [await one(bench, batch) for _ in range(3)] == [BATCH, BATCH, ROWS - 2 * BATCH]


async def one(bench: Bench, batch: Callable[[AsyncSession], Awaitable[Any]]) -> int:
    async with bench.database.transaction() as session:
        for setting in NESTED:
            await session.execute(text(setting))
        found = await batch(session)
        return found if isinstance(found, int) else len(found)
