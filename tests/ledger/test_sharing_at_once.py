"""Everything that may happen to jobs that share their work, at once: nobody waits for ever, nothing is left over."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from playhead.errors import EngineCrashedError, MediaUnreadableError, PlayheadError
from playhead.identity import new_id
from playhead.ledger import operate, settle, sweep
from playhead.ledger.batches.create import BatchSubmission, create
from playhead.ledger.batches.operate import cancel as cancel_batch
from playhead.ledger.sharing.boarding import board
from playhead.ledger.sharing.landing import land_left
from playhead.ledger.submit import Submission
from playhead.models import ADMIN_OWNER, Job
from playhead.settings import RetrySettings
from playhead.states import TERMINAL, Priority, State
from tests.ledger.flying import TEXT, Airport, key

if TYPE_CHECKING:
    from tests.ledger.conftest import Bench

SESSIONS, STEPS = 8, 60
WORKS = [b"one", b"two"]
DEADLOCKS = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
SOON = RetrySettings(base_seconds=1e-9, cap_seconds=1e-9)


@dataclass
class Crowd:
    """Clients and workers who do whatever comes to their minds, each in a session of its own."""

    bench: Bench
    dice: random.Random
    jobs: list[UUID] = field(default_factory=list)
    batches: list[UUID] = field(default_factory=list)

    def one(self) -> UUID:
        return self.dice.choice(self.jobs)

    async def act(self) -> None:
        acts: list[Callable[[], Awaitable[Any]]] = [*[self.submit] * 3, self.graph, *[self.work] * 8]
        acts += [self.cancel, self.cancel_batch, self.retry, self.remove, self.sweep]
        with contextlib.suppress(PlayheadError):  # It is in another state by now, or gone.
            await self.dice.choice(acts)()

    async def submit(self) -> None:
        wanted = {"work": self.dice.choice(WORKS), "input": TEXT, "priority": self.dice.choice(list(Priority))}
        self.jobs.append(await self.bench.submit(**wanted, max_attempts=2))

    async def graph(self) -> None:
        """Two of the same, the one after the other and after some that are there."""
        after = self.dice.sample(self.jobs, min(2, len(self.jobs)))
        first = new_id(after=after)
        ids = {first: after, new_id(after=[first]): [first]}
        work = self.dice.choice(WORKS)
        wanted = [
            Submission(ADMIN_OWNER, "transcribe", "gpu", {}, TEXT, 2, after=needs, id=job_id, work=work)
            for job_id, needs in ids.items()
        ]
        async with self.bench.database.transaction() as session:
            self.batches.append(await create(session, BatchSubmission(ADMIN_OWNER, wanted, "trace"), now=True))
        self.jobs += ids

    async def work(self) -> None:
        run = await self.bench.claim(self.one()) if self.jobs else None
        if run is None:
            return
        job = await self.bench.job(run.job_id)
        async with self.bench.database.transaction() as session:
            leads = await board(session, run, key(WORKS[0] if job.cache_key == key(WORKS[0]) else WORKS[1]))
        if leads:
            await asyncio.sleep(0)
            await self.end(run)

    async def end(self, run: Any) -> None:
        async with self.bench.database.transaction() as session:
            match self.dice.randrange(6):
                case 0:
                    await settle.fail(session, run, EngineCrashedError("boom"), settle.Cost(), SOON)
                case 1:
                    await settle.fail(session, run, MediaUnreadableError("broken"), settle.Cost(), SOON)
                case 2:
                    await settle.give_back(session, run, settle.Cost())
                case 3:
                    await sweep.rescue_dropped(session, [run.lease])
                case _:
                    await settle.succeed(session, run, {}, [], settle.Cost(), _confirm)

    async def cancel(self) -> None:
        await self.operate(operate.cancel)

    async def cancel_batch(self) -> None:
        if self.batches:
            async with self.bench.database.transaction() as session:
                await cancel_batch(session, ADMIN_OWNER, self.dice.choice(self.batches))

    async def retry(self) -> None:
        await self.operate(operate.retry)

    async def remove(self) -> None:
        await self.operate(operate.remove)

    async def operate(self, what: Callable[..., Awaitable[None]]) -> None:
        if self.jobs:
            async with self.bench.database.transaction() as session:
                await what(session, ADMIN_OWNER, self.one())

    async def sweep(self) -> None:
        for turn in (sweep.queue_due, land_left):
            async with self.bench.database.transaction() as session:
                await turn(session)

    async def drain(self) -> None:
        """Let all that is left come to its end."""
        while left := await self.left():
            await self.sweep()
            await self.rescue()
            for job_id in left:
                run = await self.bench.claim(job_id)
                if run and await Airport(self.bench).board(run, WORKS[0]):
                    await self.bench.succeed(run)

    async def rescue(self) -> None:
        """Take back what nobody does: a rescue leaves out a job that somebody holds."""
        async with self.bench.database.transaction() as session:
            leases = await session.scalars(select(Job.lease).where(Job.state == State.RUNNING))
            await sweep.rescue_dropped(session, [lease for lease in leases if lease])

    async def left(self) -> list[UUID]:
        async with self.bench.database.transaction() as session:
            return list(await session.scalars(select(Job.id).where(Job.state.not_in(TERMINAL))))

    async def deadlocks(self) -> int:
        async with self.bench.database.transaction() as session:
            return await session.scalar(DEADLOCKS) or 0


async def _confirm(_: Any) -> None:
    """As a storage that has all bytes."""


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_at_once_nobody_waits_for_ever_and_nothing_is_left(bench: Bench, seed: int) -> None:
    crowd = Crowd(bench, random.Random(seed))  # noqa: S311
    earlier = await crowd.deadlocks()  # The database may have been another test's.

    async def someone() -> None:
        for _ in range(STEPS):
            await crowd.act()

    async with asyncio.timeout(120):
        await asyncio.gather(*(someone() for _ in range(SESSIONS)))
        await crowd.drain()
    states = await Airport(bench).states()
    assert await crowd.deadlocks() == earlier
    assert set(states) <= set(TERMINAL)
    assert states[State.SUCCEEDED] > 0
