"""Random walks of many sessions over a few jobs, all at once: no rule is broken, no job stuck, nobody waits for ever.

Where transactions in `test_lifecycle.py` are stopped and compared, these run into each other as they happen to.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from playhead.errors import EngineCrashedError, MediaUnreadableError, PlayheadError
from playhead.ledger import operate, queues, retention, settle, sweep, workers
from playhead.ledger.claim import claim, claim_free
from playhead.ledger.dependents import able_to_wait
from playhead.ledger.report import Said, report
from playhead.ledger.settle import Cost, Ended, Made
from playhead.ledger.submit import submit
from playhead.models import ADMIN_OWNER, Job
from playhead.settings import RetrySettings
from playhead.states import TERMINAL, State
from tests.ledger import snapshot
from tests.ledger.conftest import BASE, confirm

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from playhead.ledger.run import Run
    from tests.ledger.conftest import Bench

ACTORS, ACTS, JOBS = 8, 70, 10
AT_ONCE = RetrySettings(base_seconds=0.000001)
STEADY, PAUSED = "gpu", "cpu"
MADE = Made("a.txt", "a" * 64, 1, "text/plain")

_FETCH = text(
    """
    UPDATE procrastinate_jobs SET status = 'doing' WHERE id IN (
        SELECT id FROM procrastinate_jobs WHERE status = 'todo' ORDER BY random() LIMIT :count FOR UPDATE SKIP LOCKED)
    RETURNING id, CAST(args ->> 'job_id' AS uuid) AS job_id
    """
)
_SPEND = text("DELETE FROM procrastinate_jobs WHERE id = ANY(:ids)")


@dataclass
class Walk:
    """What the actors share.

    Attributes:
        jobs: those that they know.
        runs: those that they hold, or believe to hold.
        taken: the costs of each job.
        bare: jobs that succeeded without outputs.
    """

    bench: Bench
    seed: int
    jobs: list[UUID] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    taken: Counter[UUID] = field(default_factory=Counter)
    bare: set[UUID] = field(default_factory=set)

    async def do(self, what: Callable[..., Awaitable[Any]], *values: Any) -> Any:
        """One transaction; None where the ledger refused."""
        try:
            async with self.bench.database.transaction() as session:
                done = await what(session, *values)
                # So that others come in between the work and its commit.
                await asyncio.sleep(random.Random(f"{self.seed} {values}").uniform(0, 0.004))  # noqa: S311 - dice
        except PlayheadError:
            return None
        return done

    async def act(self, dice: random.Random) -> None:
        acts: Sequence[tuple[int, Callable[[random.Random], Awaitable[Any]]]] = (
            (6, self.post),
            (14, self.look),
            (6, self.say),
            (8, self.end),
            (3, self.end_together),
            (5, self.operate),
            (4, self.housekeep),
            (2, self.trouble),
        )
        ((_, act),) = dice.choices(acts, weights=[weight for weight, _ in acts])
        await act(dice)

    async def post(self, dice: random.Random) -> None:
        if len(self.jobs) >= JOBS:
            return
        wanted: dict[str, Any] = {
            "queue": dice.choice([STEADY, STEADY, PAUSED]),
            "after": dice.sample(self.jobs, min(len(self.jobs), dice.choice([0, 1, 2]))),
            "expires_in_seconds": dice.choice([None, None, None, 0.05]),
            "max_attempts": dice.choice([1, 3, 100]),
        }
        job_id = await self.do(submit, replace(BASE, **wanted))
        self.jobs += [job_id] if job_id else []

    async def look(self, dice: random.Random | None = None) -> bool:
        """What a worker does with tickets: a lot at once, and one by one what somebody held meanwhile."""
        async with self.bench.database.transaction() as session:
            count = dice.choice([1, 1, 2, 4]) if dice else 1
            tickets = (await session.execute(_FETCH, {"count": count})).all()
        wanted = list({ticket.job_id for ticket in tickets})
        runs = list(await self.do(claim_free, wanted, self.bench.worker_id))
        left = set(wanted).difference(run.job_id for run in runs)
        runs += [await self.do(claim, job_id, self.bench.worker_id) for job_id in left]
        self.runs += filter(None, runs)
        async with self.bench.database.transaction() as session:
            await session.execute(_SPEND, {"ids": [ticket.id for ticket in tickets]})
        return bool(tickets)

    async def say(self, dice: random.Random) -> None:
        if self.runs:
            await self.do(self._say, dice.choice(self.runs))

    @staticmethod
    async def _say(session: AsyncSession, run: Run) -> None:
        await report(session, run, Said((0.5, "working", None), [("segment", [{"id": 0}])], {"done": 1}))

    async def end_together(self, dice: random.Random) -> None:
        """What a worker does with runs that are done at the same time."""
        lot = dice.sample(self.runs, min(len(self.runs), 4))
        if left := await self.do(settle.succeed_free, [Ended(run, {}, Cost(1, 1)) for run in lot]):
            ended = {run.job_id for run in lot if run.lease in left}
            self.taken.update(ended)
            self.bare |= ended

    async def end(self, dice: random.Random) -> None:
        """End a run, or one that has ended long ago: a zombie."""
        if not self.runs:
            return
        run = dice.choice(self.runs[-4:])
        ends: Sequence[tuple[Any, ...]] = (
            (_succeed, run),
            (settle.fail, run, EngineCrashedError("boom"), Cost(1, 1), AT_ONCE),
            (settle.fail, run, MediaUnreadableError("broken"), Cost(1, 1), AT_ONCE),
            (settle.give_back, run, Cost(1, 1)),
        )
        what, *values = dice.choices(ends, weights=[4, 2, 1, 2])[0]
        if await self.do(_done, what, *values):
            self.taken[run.job_id] += 1

    async def operate(self, dice: random.Random) -> None:
        if not self.jobs:
            return
        job_id = dice.choice(self.jobs)
        what = dice.choices(["cancel", "skip", "retry", "remove"], weights=[3, 1, 8, 1])[0]
        await self.do(getattr(operate, what), ADMIN_OWNER, job_id, *(["needless"] if what == "skip" else []))

    async def housekeep(self, dice: random.Random) -> None:
        sweeps: Sequence[tuple[Any, ...]] = (
            (sweep.queue_due,),
            (sweep.expire_late,),
            (sweep.rescue_lost, 15),
            (sweep.reissue_stranded, 15),
            (sweep.reissue_missing,),
            (retention.drop_old_jobs, 3600),
            (workers.beat, self.bench.worker_id, ""),
        )
        await self.do(*dice.choice(sweeps))

    async def trouble(self, dice: random.Random) -> None:
        match dice.choice(["silence", "drop", "pause", "resume"]):
            case "silence":
                await self.bench.silence(self.bench.worker_id)
            case "drop" if self.runs:
                await self.do(sweep.rescue_dropped, [dice.choice(self.runs).lease])
            case "pause":
                await self.do(queues.pause, PAUSED)
            case "resume":
                await self.do(queues.resume, PAUSED)

    async def until_still(self) -> None:
        """Let time pass and a worker do all that is left, without what is there to mend what should not happen."""
        await self.do(queues.resume, PAUSED)
        await self.bench.silence(self.bench.worker_id)
        moved = True
        while moved:
            moved = bool(await self.do(sweep.rescue_lost, 15))
            moved |= bool(await self.do(sweep.queue_due)) | bool(await self.do(sweep.expire_late))
            moved |= await self.look()
            for run in self.runs[-1:]:
                if await self.do(_done, _succeed, run):
                    self.taken[run.job_id] += 1


async def _succeed(session: AsyncSession, run: Run) -> None:
    await settle.succeed(session, run, {"text": "hello"}, [MADE], Cost(1, 1), confirm)


async def _done(session: AsyncSession, what: Callable[..., Awaitable[Any]], *values: Any) -> bool:
    await what(session, *values)
    return True


async def _jobs(bench: Bench) -> tuple[Sequence[Job], set[UUID]]:
    """Every job, and those of the waiting ones of which all that they wait for may yet succeed."""
    async with bench.database.transaction() as session:
        jobs = (await session.scalars(select(Job))).all()
        return jobs, set(await able_to_wait(session, [job.id for job in jobs if job.state == State.WAITING]))


async def check(walk: Walk) -> None:
    """Beside what is true of any rows: nothing waits in vain, and every end of a run costs one second, once."""
    await walk.do(sweep.expire_late)
    snapshot.check(await snapshot.take(walk.bench.database), walk.bare)
    jobs, hopeful = await _jobs(walk.bench)
    for job in jobs:
        told = f"job {job.id} is {job.state}, waits for {job.waits_for}, due {job.run_at}"
        if job.state == State.WAITING:
            assert job.id in hopeful, f"{told}, of which some can no longer succeed"
            assert job.waits_for > 0 or job.run_at is not None, f"{told}, so for nothing"
        assert job.waits_for == 0 or job.state not in {State.SUCCEEDED, State.RUNNING}, told
        assert job.gpu_seconds == walk.taken[job.id], f"{told}, and cost {job.gpu_seconds}"


@pytest.mark.parametrize("seed", range(2))
async def test_random_walks_break_no_rule(bench: Bench, seed: int) -> None:
    walk = Walk(bench, seed)

    async def actor(number: int) -> None:
        dice = random.Random(f"{seed} {number}")  # noqa: S311 - dice
        for _ in range(ACTS):
            await walk.act(dice)

    await asyncio.gather(*(actor(number) for number in range(ACTORS)))
    await check(walk)
    await walk.until_still()
    await check(walk)
    assert {job.state for job in (await _jobs(bench))[0]} <= TERMINAL
