"""Everything that may be done to the ledger: how it is done for real, and what the reference makes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import (
    IdempotencyMismatchError,
    InvalidError,
    LeaseLostError,
    NotFoundError,
    PlayheadError,
    StateConflictError,
)
from playhead.ledger import operate, queues, settle
from playhead.ledger.claim import claim
from playhead.ledger.report import Said, report
from playhead.ledger.run import Run
from playhead.ledger.settle import Cost, Made
from playhead.ledger.sharing.boarding import board
from playhead.ledger.submit import submit
from playhead.models import ADMIN_OWNER
from playhead.settings import RetrySettings
from playhead.states import (
    ANSWER,
    ANSWER_AT_SUBMIT,
    BACK_OFF,
    CANCEL,
    CLAIM,
    DELETE,
    FAIL,
    FOLLOW,
    GIVE_BACK,
    RETRY,
    RETRY_TO_WAIT,
    SKIP,
    SUBMIT,
    SUBMIT_TO_WAIT,
    SUCCEED,
    TERMINAL,
    State,
    Transition,
)
from tests.ledger.conftest import BASE, confirm
from tests.ledger.reference import OUTPUT, OUTPUT_SHA256, Known, Reference, expect

FAR = RetrySettings(base_seconds=1e9, cap_seconds=1e9)
"""A back-off that no test lives to see the end of: time passes when a rule says so."""
COST = Cost(1.0, 1.0)
WORK: Mapping[str, Any] = {"work": b"work", "input": {"text": "hello"}}
"""Asked for by all jobs that share theirs, and known by this key."""
SAME = hashlib.sha256(b"work" + hashlib.sha256(b"hello").hexdigest().encode()).digest()


@dataclass(frozen=True)
class Act:
    """One transaction of the ledger."""

    async def do(self, session: AsyncSession) -> Any:
        """Do it. An expected error comes out."""
        raise NotImplementedError

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:
        """What the reference is afterwards; ``outcome`` is what :meth:`do` gave, or the type of the error it raised.

        Raises:
            Impossible: the ledger could not have answered so.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Submit(Act):
    """A client asks for a job."""

    spec: Mapping[str, Any]

    async def do(self, session: AsyncSession) -> UUID:
        return await submit(session, replace(BASE, **self.spec))

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        key = self.spec.get("idempotency_key")
        for known, job in then.jobs.items():
            if key and job.spec.get("idempotency_key") == key:
                expect(outcome == known if job.spec == self.spec else outcome is IdempotencyMismatchError)
                return then
        given = self.spec.get("input", {})
        needs = frozenset([*self.spec.get("after", ()), *([UUID(given["job"])] if "job" in given else [])])
        there = [then.jobs.get(need) for need in needs]
        met = frozenset(need for need in needs if need in then.jobs and then.jobs[need].state is State.SUCCEEDED)
        bad = any(job is None or job.state in TERMINAL - {State.SUCCEEDED} for job in there)
        made = "job" in given and UUID(given["job"]) in met
        if bad or (made and given["output"] != OUTPUT):
            expect(outcome is InvalidError)
            return then
        expect(isinstance(outcome, UUID) and outcome not in then.jobs and all(need < outcome for need in needs))
        due, expires = self.spec.get("run_at") is None, self.spec.get("expires_in_seconds") is not None
        job = Known(self.spec, needs, met, due=due, expires=expires, input_sha256=OUTPUT_SHA256 if made else None)
        now, begins = then.put(outcome, job), due and needs == met
        done = then.jobs.get(then.flights.get(job.work or b"", outcome))
        if begins and done and done.state is State.SUCCEEDED:
            return now.answered(outcome, ANSWER_AT_SUBMIT)
        return now.step(outcome, SUBMIT if begins else SUBMIT_TO_WAIT)


@dataclass(frozen=True)
class Claim(Act):
    """A worker looks at a job. The ticket that called for it is spent afterwards."""

    job_id: UUID
    worker_id: UUID
    ticket: int

    async def do(self, session: AsyncSession) -> Run | None:
        return await claim(session, self.job_id, self.worker_id)

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        job = then.jobs.get(self.job_id)
        free = job is not None and job.state is State.QUEUED and job.in_time
        if job is None or not free or job.spec["queue"] in then.paused:
            expect(outcome is None)
            return then
        expect(isinstance(outcome, Run))
        expect(outcome.lease > max((lease for *_, lease in job.history if lease), default=0))
        expect((outcome.attempt, outcome.input_sha256) == (job.attempt + 1, job.input_sha256))
        held = {"lease": outcome.lease, "worker": self.worker_id, "begun": True, "overdue": False, "progress": 0.0}
        return then.step(self.job_id, CLAIM, **held)


@dataclass(frozen=True)
class OfRun(Act):
    """A run writes: one that holds its job, or a zombie."""

    run: Run

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        job = then.jobs.get(self.run.job_id)
        if job is None or job.state is not State.RUNNING or job.lease != self.run.lease:
            expect(outcome is LeaseLostError)
            return then
        expect(not isinstance(outcome, type))
        return self.held(then, job)

    def held(self, then: Reference, job: Known) -> Reference:
        """What the reference is, the run holding the job."""
        raise NotImplementedError


class Report(OfRun):
    """It says how far it is, tells of a segment and keeps a checkpoint."""

    async def do(self, session: AsyncSession) -> None:
        said = Said((0.5, "working", None), [("segment", [{"id": 0}])], {"lease": self.run.lease})
        await report(session, self.run, said)

    def held(self, then: Reference, job: Known) -> Reference:
        told = (*job.history, ("segment", job.attempt, job.lease))
        return then.where([self.run.job_id], progress=0.5, checkpoint=job.lease, history=told)


class Board(OfRun):
    """It asks whether it is to do its work itself."""

    async def do(self, session: AsyncSession) -> bool:
        return await board(session, self.run, SAME)

    def held(self, then: Reference, job: Known) -> Reference:
        assert job.work is not None
        other = then.jobs.get(then.flights.get(job.work, self.run.job_id))
        if other is None or other is job or (other.state in TERMINAL and other.state is not State.SUCCEEDED):
            return then.takes_off(job.work, self.run.job_id)
        if other.state is State.SUCCEEDED:
            return then.answered(self.run.job_id, ANSWER)
        return then.step(self.run.job_id, FOLLOW, follows=True, begun=job.attempt > 1, progress=0.0)


class Succeed(OfRun):
    """It is done."""

    async def do(self, session: AsyncSession) -> None:
        made = [Made(OUTPUT, OUTPUT_SHA256, 1, "text/plain")]
        await settle.succeed(session, self.run, {"text": "hello"}, made, COST, confirm)

    def held(self, then: Reference, job: Known) -> Reference:
        made = {"outputs": (OUTPUT,), "gpu_seconds": job.gpu_seconds + 1, "progress": 1.0}
        ended = then.step(self.run.job_id, SUCCEED, error=None, old=False, **made)
        return ended.succeeded(self.run.job_id).shared(self.run.job_id)


@dataclass(frozen=True)
class Fail(OfRun):
    """It failed."""

    error: PlayheadError

    async def do(self, session: AsyncSession) -> State:
        return await settle.fail(session, self.run, self.error, COST, FAR)

    def held(self, then: Reference, job: Known) -> Reference:
        why = {"error": (self.error.code, job.attempt), "gpu_seconds": job.gpu_seconds + 1}
        if self.error.transient and job.attempt < job.spec["max_attempts"]:
            return then.step(self.run.job_id, BACK_OFF, due=False, **why)
        failed = then.step(self.run.job_id, FAIL, old=False, **why)
        alike = failed.passed_on if self.error.transient else partial(failed.failed_alike, code=self.error.code)
        return alike(self.run.job_id).settled()


class GiveBack(OfRun):
    """Its worker stops."""

    async def do(self, session: AsyncSession) -> None:
        await settle.give_back(session, self.run, COST)

    def held(self, then: Reference, job: Known) -> Reference:
        return then.step(self.run.job_id, GIVE_BACK, due=True, gpu_seconds=job.gpu_seconds + 1)


@dataclass(frozen=True)
class Operate(Act):
    """A client does something to a job."""

    job_id: UUID
    step: Transition

    async def do(self, session: AsyncSession) -> None:
        match self.step.name:
            case "cancel":
                await operate.cancel(session, ADMIN_OWNER, self.job_id)
            case "skip":
                await operate.skip(session, ADMIN_OWNER, self.job_id, "needless")
            case "retry":
                await operate.retry(session, ADMIN_OWNER, self.job_id)
            case _:
                await operate.remove(session, ADMIN_OWNER, self.job_id)

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        job = then.jobs.get(self.job_id)
        if job is None:
            expect(outcome is NotFoundError)
            return then
        if job.state not in self.step.before or (self.step is RETRY and not then.is_open(job)):
            expect(outcome is StateConflictError)
            return then
        expect(outcome is None)
        if self.step is DELETE:
            return then.drop(self.job_id, DELETE)
        if self.step is RETRY:
            return self._retried(then, job)
        code = {CANCEL: "canceled", SKIP: "skipped"}[self.step]
        ended = then.step(self.job_id, self.step, error=(code, job.attempt), old=False)
        return ended.passed_on(self.job_id).settled()

    def _retried(self, then: Reference, job: Known) -> Reference:
        anew = {"error": None, "due": True, "expires": False, "late": False, "progress": 0.0}
        return then.step(self.job_id, RETRY if job.needs == job.met else RETRY_TO_WAIT, **anew).settled()


@dataclass(frozen=True)
class Pause(Act):
    """An operator pauses a queue, or lets it go on."""

    queue: str
    paused: bool

    async def do(self, session: AsyncSession) -> None:
        await (queues.pause if self.paused else queues.resume)(session, self.queue)

    def after(self, then: Reference, outcome: Any, *, alone: bool) -> Reference:  # noqa: ARG002
        expect(outcome is None)
        paused = then.paused | {self.queue} if self.paused else then.paused - {self.queue}
        return replace(then, paused=paused)


_STATES = text(
    "SELECT job_id, data ->> 'state' AS state FROM job_events "
    "WHERE type = 'state' AND xmin = pg_current_xact_id()::xid ORDER BY id"
)
_TICKETS = text(
    "SELECT CAST(args ->> 'job_id' AS uuid) FROM procrastinate_jobs WHERE xmin = pg_current_xact_id()::xid ORDER BY 1"
)


async def moved(session: AsyncSession) -> list[tuple[UUID, str]]:
    """The jobs that this transaction took to other states, and which."""
    return [(row.job_id, row.state) for row in await session.execute(_STATES)]


async def tickets(session: AsyncSession) -> list[UUID]:
    """The jobs that this transaction wrote tickets for, sorted."""
    return list(await session.scalars(_TICKETS))
