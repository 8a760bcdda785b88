"""Work that several jobs ask for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from playhead.ledger import settle
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Made
from playhead.ledger.sharing.boarding import board
from playhead.ledger.sharing.keys import contents_of, key_of
from playhead.models import Flight, Job, Output
from tests.ledger.conftest import Bench, confirm

WORK, TEXT = b"work", {"text": "hello"}
SHA256 = "b" * 64
MADE = [Made("a.txt", SHA256, 1, "text/plain")]
COST = Cost(1.5, 10.0)


def key(work: bytes = WORK) -> bytes:
    known = key_of(work, contents_of(TEXT, [None]))
    assert known is not None
    return known


@dataclass
class Airport:
    """Short words for jobs that ask for the same."""

    bench: Bench

    async def submit(self, **changes: Any) -> UUID:
        return await self.bench.submit(**{"work": WORK, "input": TEXT} | changes)

    async def claim(self, job_id: UUID) -> Run:
        run = await self.bench.claim(job_id)
        assert run is not None
        return run

    async def board(self, run: Run, of: bytes = WORK) -> bool:
        async with self.bench.database.transaction() as session:
            return await board(session, run, key(of))

    async def leading(self, **changes: Any) -> Run:
        run = await self.claim(await self.submit(**changes))
        assert await self.board(run)
        return run

    async def following(self, **changes: Any) -> UUID:
        """A job that follows whoever does its work."""
        run = await self.claim(await self.submit(**changes))
        assert not await self.board(run)
        assert (await self.bench.job(run.job_id)).follows
        return run.job_id

    async def succeed(self, run: Run) -> None:
        async with self.bench.database.transaction() as session:
            await settle.succeed(session, run, {"text": "hello"}, MADE, COST, confirm)

    async def outputs(self, job_id: UUID) -> list[tuple[str, str]]:
        async with self.bench.database.transaction() as session:
            rows = await session.execute(select(Output.name, Output.sha256).where(Output.job_id == job_id))
            return [(row.name, row.sha256) for row in rows]

    async def leader(self) -> UUID | None:
        async with self.bench.database.transaction() as session:
            return await session.scalar(select(Flight.job_id))

    async def states(self) -> dict[str, int]:
        async with self.bench.database.transaction() as session:
            counted = await session.execute(select(Job.state, func.count()).group_by(Job.state))
            return {row.state: row[1] for row in counted}

    async def all_at_once(self, *calls: Any) -> list[Any]:
        async with asyncio.timeout(60):
            return list(await asyncio.gather(*calls))
