"""What the ledger should do, said again in plain Python: a real database is compared with it.

It knows no locks, no sessions and no SQL, only the table of transitions and what follows from one job to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from playhead.states import (
    DEPENDENCY_FAILED,
    DEPENDENCY_MET,
    REVIVE,
    SHARE,
    SHARE_FAILURE,
    TAKE_OVER,
    TERMINAL,
    Attempt,
    State,
    Transition,
)

OUTPUT, OUTPUT_SHA256 = "a.txt", "a" * 64
"""What every run that succeeds makes."""


class Impossible(Exception):  # noqa: N818 - it tells of no error, but that this is not how it went
    """The ledger could not have answered so."""


def expect(true: bool) -> None:  # noqa: FBT001 - reads as an assertion
    """Go on only if the ledger could have answered so."""
    if not true:
        raise Impossible


@dataclass(frozen=True)
class Known:
    """A job, as the reference believes it to be.

    Attributes:
        met: those of its needs that have succeeded.
        due: its time has come, if it was given one.
        overdue: its attempt has taken longer than its ``timeout_seconds``.
        expires: it has an ``expires_at``.
        late: its ``expires_at`` is over.
        follows: it waits for another job that does the same work.
        history: of each event its name, the attempt and the lease.
    """

    spec: Mapping[str, Any]
    needs: frozenset[UUID] = frozenset()
    met: frozenset[UUID] = frozenset()
    state: State | None = None
    attempt: int = 0
    lease: int | None = None
    worker: UUID | None = None
    due: bool = True
    expires: bool = False
    late: bool = False
    begun: bool = False
    overdue: bool = False
    follows: bool = False
    old: bool = False
    progress: float = 0.0
    error: tuple[str, int] | None = None
    gpu_seconds: float = 0.0
    input_sha256: str | None = None
    outputs: tuple[str, ...] = ()
    checkpoint: int | None = None
    history: tuple[tuple[str, int, int | None], ...] = ()

    @property
    def in_time(self) -> bool:
        """Whether it may still be begun."""
        return self.begun or not self.late

    @property
    def work(self) -> bytes | None:
        """What it may share with others; here all that do so have the same input."""
        return self.spec.get("work")

    def row(self) -> dict[str, Any]:
        """What the database should say of it."""
        named = ("state", "attempt", "lease", "expires", "progress", "error", "gpu_seconds", "input_sha256", "outputs")
        row = {name: getattr(self, name) for name in (*named, "checkpoint", "history")}
        return row | {"worker_id": self.worker, "waits_for": len(self.needs - self.met)}


@dataclass(frozen=True)
class Reference:
    """All jobs, who does what work, the queues that are paused, the workers that are silent, the transitions so far."""

    jobs: Mapping[UUID, Known] = field(default_factory=dict)
    flights: Mapping[bytes, UUID] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    silent: frozenset[UUID] = frozenset()
    took: frozenset[str] = frozenset()

    def put(self, job_id: UUID, job: Known) -> Reference:
        """The same, but for this job."""
        return replace(self, jobs={**self.jobs, job_id: job})

    def drop(self, job_id: UUID, step: Transition) -> Reference:
        """The same, without this job."""
        left = {known: job for known, job in self.jobs.items() if known != job_id}
        flights = {work: known for work, known in self.flights.items() if known != job_id}
        return replace(self, jobs=left, flights=flights, took=self.took | {step.name})

    def step(self, job_id: UUID, step: Transition, **changes: Any) -> Reference:
        """What the table says of this transition, and what else is to change with it."""
        job = self.jobs[job_id]
        assert step.after is not None
        assert job.state in step.before if step.before else job.state is None, f"{step.name} of a job {job.state}"
        count = {Attempt.COUNTED: job.attempt + 1, Attempt.RETURNED: job.attempt - 1, Attempt.RESET: 0}
        changes = {"attempt": count.get(step.attempt, job.attempt), "follows": False} | changes
        if step.ends_lease:
            changes |= {"lease": None, "worker": None}
        moved = replace(job, state=step.after, **changes)
        told = (step.after.value, moved.attempt, moved.lease)
        there = self.put(job_id, replace(moved, history=(*job.history, told)))
        return replace(there, took=self.took | {step.name})

    def holds(self, job_id: UUID, lease: int) -> bool:
        """Whether this run holds this job."""
        return job_id in self.jobs and self.jobs[job_id].lease == lease

    def is_open(self, job: Known) -> bool:
        """Whether all that the job still waits for may yet succeed."""
        return all(need in self.jobs and self.jobs[need].state not in TERMINAL for need in job.needs - job.met)

    def waiting_for(self, job_id: UUID) -> list[UUID]:
        """The jobs that need this one."""
        return [known for known, job in self.jobs.items() if job_id in job.needs]

    def succeeded(self, job_id: UUID) -> Reference:
        """What the success of a job means for those that need it."""
        now = self
        for known in self.waiting_for(job_id):
            job = now.jobs[known]
            given = OUTPUT_SHA256 if job.spec.get("input") == {"job": str(job_id), "output": OUTPUT} else None
            met = replace(job, met=job.met | {job_id}, input_sha256=given or job.input_sha256)
            now = now.put(known, met)
            if met.state is State.WAITING and met.needs == met.met and met.due:
                now = now.step(known, DEPENDENCY_MET)
        return now

    def takes_off(self, work: bytes, job_id: UUID) -> Reference:
        """The same, with this job doing this work."""
        return replace(self, flights={**self.flights, work: job_id})

    def answered(self, job_id: UUID, step: Transition) -> Reference:
        """The job succeeds as another did that has done its work."""
        return self.step(job_id, step, error=None, old=False, outputs=(OUTPUT,), progress=1.0).succeeded(job_id)

    def shared(self, done: UUID) -> Reference:
        """What the success of a job means for those that ask for the same."""
        now = self
        for known, job in self.jobs.items():
            same = job.work is not None and self.flights.get(job.work) == done
            if same and (job.follows or job.state is State.QUEUED):
                now = now.answered(known, SHARE)
        return now

    def failed_alike(self, failed: UUID, code: str) -> Reference:
        """What a permanent failure means for those that follow."""
        now = self
        for known in self.followers(failed):
            now = now.step(known, SHARE_FAILURE, error=(code, 0), old=False)
        return now

    def passed_on(self, ended: UUID) -> Reference:
        """What any other end means for those that follow: here all are equally urgent."""
        heirs = sorted(self.followers(ended))[:1]
        now = self
        for heir in heirs:
            work = self.jobs[heir].work
            assert work is not None
            now = now.step(heir, TAKE_OVER).takes_off(work, heir)
        return now

    def followers(self, leader: UUID) -> list[UUID]:
        """The jobs that wait for this one to do their work."""
        flying = {work for work, known in self.flights.items() if known == leader}
        return [known for known, job in self.jobs.items() if job.follows and job.work in flying]

    def settled(self) -> Reference:
        """What an end without success, or a retry, means for all others: nothing waits in vain, nothing is left out."""
        now, before = self, None
        while now is not before:
            before = now
            for known, job in before.jobs.items():
                if job.state is State.WAITING and not now.is_open(job):
                    now = now.step(known, DEPENDENCY_FAILED, error=(DEPENDENCY_ERROR, 0), old=False)
                elif job.state is State.CANCELED and job.error == (DEPENDENCY_ERROR, 0) and now.is_open(job):
                    now = now.step(known, REVIVE, error=None, expires=False, late=False)
        return now

    def where(self, job_ids: Iterable[UUID], **changes: Any) -> Reference:
        """These jobs with something changed that is no transition."""
        now = self
        for job_id in job_ids:
            now = now.put(job_id, replace(now.jobs[job_id], **changes))
        return now


DEPENDENCY_ERROR = "dependency_failed"
