"""What time does: the sweeps, workers that fall silent, and the clock itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger import retention, sweep, workers
from playhead.ledger.run import Run
from playhead.models import Job, WorkerRow
from playhead.states import COME_DUE, EXPIRE, FORGET, PENDING, RESCUE, RESCUE_AT_LAST, TERMINAL, State
from tests.ledger.acts import Act, moved
from tests.ledger.reference import Known, Reference, expect

PAST = text("now() - interval '2 days'")
LOST_AFTER_SECONDS = 3600
GRACE_SECONDS = 20


@dataclass(frozen=True)
class Sweep(Act):
    """A sweep of jobs. Alone it takes all that it should; beside others it may leave those that someone holds."""

    async def do(self, session: AsyncSession) -> list[tuple[UUID, str]]:
        await self.sweep(session)
        return await moved(session)

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:
        due = {known for known, job in then.jobs.items() if self.takes(then, job)}
        taken = {job_id for job_id, state in outcome if state in self.leads_to()}
        expect(taken == due if alone else taken <= due)
        now = then
        for job_id in taken:
            now = self.step(now, job_id)
        return now.settled()

    def wanted(self, now: Reference) -> bool:
        """Whether it would find something."""
        return any(self.takes(now, job) for job in now.jobs.values())

    async def sweep(self, session: AsyncSession) -> Any:
        raise NotImplementedError

    def takes(self, then: Reference, job: Known) -> bool:
        raise NotImplementedError

    def leads_to(self) -> set[State]:
        raise NotImplementedError

    def step(self, then: Reference, job_id: UUID) -> Reference:
        raise NotImplementedError


class QueueDue(Sweep):
    async def sweep(self, session: AsyncSession) -> Any:
        return await sweep.queue_due(session)

    def takes(self, then: Reference, job: Known) -> bool:  # noqa: ARG002
        return job.state is State.WAITING and job.needs == job.met and job.due

    def leads_to(self) -> set[State]:
        return {State.QUEUED}

    def step(self, then: Reference, job_id: UUID) -> Reference:
        return then.step(job_id, COME_DUE)


class ExpireLate(Sweep):
    async def sweep(self, session: AsyncSession) -> Any:
        return await sweep.expire_late(session)

    def takes(self, then: Reference, job: Known) -> bool:  # noqa: ARG002
        return job.state in PENDING and not job.in_time

    def leads_to(self) -> set[State]:
        return {State.EXPIRED}

    def step(self, then: Reference, job_id: UUID) -> Reference:
        return then.step(job_id, EXPIRE, error=("expired", 0), old=False)


class RescueLost(Sweep):
    code = "worker_lost"

    async def sweep(self, session: AsyncSession) -> Any:
        return await sweep.rescue_lost(session, LOST_AFTER_SECONDS)

    def takes(self, then: Reference, job: Known) -> bool:
        return job.state is State.RUNNING and job.worker in then.silent

    def leads_to(self) -> set[State]:
        return {State.QUEUED, State.FAILED}

    def step(self, then: Reference, job_id: UUID) -> Reference:
        job = then.jobs[job_id]
        why = {"error": (self.code, job.attempt)}
        if job.attempt < job.spec["max_attempts"]:
            return then.step(job_id, RESCUE, due=True, **why)
        return then.step(job_id, RESCUE_AT_LAST, old=False, **why)


class RescueOverdue(RescueLost):
    """Its worker lives, and its attempt takes too long."""

    code = "timed_out"

    async def sweep(self, session: AsyncSession) -> Any:
        return await sweep.rescue_overdue(session, GRACE_SECONDS)

    def takes(self, then: Reference, job: Known) -> bool:  # noqa: ARG002
        return job.state is State.RUNNING and job.overdue


@dataclass(frozen=True)
class RescueDropped(RescueLost):
    """A worker that lives hands back a run that it does not do."""

    lease: int

    @classmethod
    def of(cls, run: Run) -> RescueDropped:
        return cls(run.lease)

    async def sweep(self, session: AsyncSession) -> Any:
        return await sweep.rescue_dropped(session, [self.lease])

    def takes(self, then: Reference, job: Known) -> bool:  # noqa: ARG002
        return job.lease == self.lease


class DropOldJobs(Sweep):
    """Jobs that ended long ago are forgotten: what is told is who is left."""

    async def do(self, session: AsyncSession) -> list[tuple[UUID, str]]:
        await retention.drop_old_jobs(session, 3600)
        return [(row.id, row.state) for row in await session.execute(select(Job.id, Job.state))]

    def takes(self, then: Reference, job: Known) -> bool:  # noqa: ARG002
        return job.state in TERMINAL and job.old

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:
        old = {known for known, job in then.jobs.items() if self.takes(then, job)}
        left = {job_id for job_id, _ in outcome}
        expect(not alone or not old & left)
        now = then
        for job_id in old - left:
            now = now.drop(job_id, FORGET)
        return now


class Reissue(Act):
    """Tickets that were stranded or are missing are written anew: nothing else may change."""

    async def do(self, session: AsyncSession) -> list[tuple[UUID, str]]:
        await sweep.reissue_stranded(session, LOST_AFTER_SECONDS)
        await sweep.reissue_missing(session)
        return await moved(session)

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        expect(not outcome)
        return then


@dataclass(frozen=True)
class Silence(Act):
    """A worker falls silent, or is heard again."""

    worker_id: UUID
    silent: bool

    async def do(self, session: AsyncSession) -> dict[int, UUID] | None:
        if not self.silent:
            return await workers.beat(session, self.worker_id, "")
        await session.execute(update(WorkerRow).where(WorkerRow.id == self.worker_id).values(heartbeat_at=PAST))
        return None

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:
        if not self.silent:
            held = {job.lease: known for known, job in then.jobs.items() if job.worker == self.worker_id}
            expect(not alone or outcome == held)
        silent = then.silent | {self.worker_id} if self.silent else then.silent - {self.worker_id}
        return replace(then, silent=silent)


@dataclass(frozen=True)
class TimePasses(Act):
    """For one job: its ``run_at``, its ``expires_at``, or when it was queued, was begun or ended is long ago."""

    job_id: UUID
    column: str

    async def do(self, session: AsyncSession) -> bool:
        column = getattr(Job, self.column)
        moved_back = update(Job).where(Job.id == self.job_id, column.is_not(None)).values({self.column: PAST})
        return bool((await session.scalars(moved_back.returning(Job.id))).all())

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        job = then.jobs.get(self.job_id)
        if job is None:
            expect(not outcome)
            return then
        match self.column:
            case "run_at":
                return then.where([self.job_id], due=True)
            case "expires_at":
                expect(outcome == job.expires)
                return then.where([self.job_id], late=job.expires)
            case "started_at":
                expect(outcome == job.begun)
                return then.where([self.job_id], overdue=job.begun and job.spec.get("timeout_seconds") is not None)
            case "finished_at":
                expect(outcome == (job.state in TERMINAL))
                return then.where([self.job_id], old=bool(outcome))
            case _:
                return then
