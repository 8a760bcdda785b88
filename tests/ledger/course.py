"""A course of things done to a ledger, beside the reference that says what should come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from playhead.database import Database
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.ledger.run import Run
from tests.ledger import snapshot
from tests.ledger.acts import Act, Claim
from tests.ledger.calls import Call, Calls
from tests.ledger.reference import Impossible, Reference

WORKERS = 3

_SPEND = text("DELETE FROM procrastinate_jobs WHERE id = :id")
_STRAY = text(
    "INSERT INTO procrastinate_jobs (task_name, queue_name, args) "
    "VALUES ('playhead.look', 'gpu', jsonb_build_object('job_id', CAST(:job_id AS text)))"
)
_FETCH = text(
    """
    UPDATE procrastinate_jobs SET status = 'doing' WHERE id = (
        SELECT id FROM procrastinate_jobs
        WHERE status = 'todo' AND coalesce(args ->> 'job_id' = :job_id, true)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, CAST(args ->> 'job_id' AS uuid) AS job_id
    """
)


@dataclass
class Course:
    """What has been done since the beginning, and what became of it."""

    database: Database
    calls: Calls = field(init=False)
    reference: Reference = field(default_factory=Reference)
    jobs: list[UUID] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    specs: list[dict[str, Any]] = field(default_factory=list)
    workers: list[UUID] = field(default_factory=lambda: [new_id() for _ in range(WORKERS)])

    def __post_init__(self) -> None:
        self.calls = Calls(self.database)

    async def begin(self) -> None:
        """With nothing but a few workers."""
        async with self.database.transaction() as session:
            for table in ("jobs", "procrastinate_jobs", "queues", "workers"):
                await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a name from this line
            for number, worker_id in enumerate(self.workers):
                about: dict[str, Any] = {"device": "none", "queues": [], "concurrency": {}}
                await workers.arrive(session, worker_id, name=str(number), **about)

    async def do(self, act: Act, stop: int | None = None) -> Any:
        """One more transaction, left open before this statement of it; gives what came of it, if it is done."""
        call = await self.calls.begin(act, stop)
        if call.ended is not None:
            await self._learn(call)
        await self._compare()
        return call.outcome

    async def do_at_once(self, act: Act) -> Any:
        """One more transaction, believed: to come to a certain point quickly. Nothing may be under way."""
        async with self.database.transaction() as session:
            outcome = await act.do(session)
        self.reference = act.after(self.reference, outcome, alone=True)
        return outcome

    async def finish(self) -> None:
        """Let all that is under way come to its end."""
        left = self.calls.under_way
        await self.calls.go_on()
        for call in left:
            await self._learn(call)
        await self._compare()

    async def fetch(self, job_id: UUID | None = None, *, stray: bool = False) -> Row[Any] | None:
        """What a worker has in hand then: a ticket, for this job or any; a stray one was called for by nothing."""
        of = {"job_id": str(job_id) if job_id else None}
        async with self.database.transaction() as session:
            if stray:
                await session.execute(_STRAY, of)
            return (await session.execute(_FETCH, of)).one_or_none()

    async def _learn(self, call: Call) -> None:
        if isinstance(call.outcome, UUID) and call.outcome not in self.jobs:
            self.jobs.append(call.outcome)
        if isinstance(call.outcome, Run):
            self.runs.append(call.outcome)
        if isinstance(call.act, Claim):
            async with self.database.transaction() as session:
                await session.execute(_SPEND, {"id": call.act.ticket})

    async def _compare(self) -> None:
        rows = await snapshot.take(self.database)
        snapshot.check(rows)
        if self.calls.under_way:
            return
        found = explain(self.reference, self.calls.all, snapshot.jobs(rows))
        assert found is not None, _unexplained(self.reference, self.calls.all, snapshot.jobs(rows))
        self.reference = found
        self.calls.all.clear()


def explain(start: Reference, calls: list[Call], rows: dict[UUID, dict[str, Any]]) -> Reference | None:
    """The reference after these calls in some possible order that leads to these rows; None where there is none."""
    if not calls:
        return start if {job_id: job.row() for job_id, job in start.jobs.items()} == rows else None
    ends = [call.ended for call in calls if call.ended is not None]
    for call in calls:
        if call.began > min(ends):
            continue
        try:
            then = call.act.after(start, call.outcome, alone=call.alone)
        except Impossible:
            continue
        found = explain(then, [other for other in calls if other is not call], rows)
        if found is not None:
            return found
    return None


def _unexplained(start: Reference, calls: list[Call], rows: dict[UUID, dict[str, Any]]) -> str:
    told = [f"{call.began}-{call.ended} {call.act!r} gave {call.outcome!r}" for call in calls]
    before = [f"before {job_id}: {job.row()}" for job_id, job in start.jobs.items()]
    after = [f"after  {job_id}: {row}" for job_id, row in rows.items()]
    return "no order of these explains the rows:\n" + "\n".join([*told, *before, *after])
