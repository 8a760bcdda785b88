"""What must hold of all jobs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chaos.diary import Asked, Diary, Pause
from chaos.expected import Expected
from chaos.history import Job
from chaos.rules import RULES, Case
from chaos.verdict import Verdict
from playhead.states import TERMINAL, State


@dataclass
class Seen:
    """Of a job, what rules about several jobs need.

    Attributes:
        code: of its error.
        begun: when its first run was, as a POSIX time; so ``succeeded``.
        claiming: when the transaction of its last claim began. That saw every pause from before.
        claimed: when the claim was in the history. Between the two the worker may have been frozen or cut off, and
            the queue resumed.
        was_unsuccessful: it ended without success at least once.
    """

    key: str | None
    state: State
    queue: str
    code: str | None = None
    begun: float | None = None
    claiming: float | None = None
    claimed: float | None = None
    succeeded: float | None = None
    was_unsuccessful: bool = False

    @classmethod
    def of(cls, job: Job) -> Seen:
        """What is seen of this job."""
        ends = [event for event in job.states if event.state in TERMINAL]
        won = [event.at for event in ends if event.state is State.SUCCEEDED]
        begun = [run.at for run in job.runs()]
        return cls(
            job.key,
            job.state,
            job.queue,
            code=job.code,
            begun=begun[0] if begun else None,
            claiming=job.started_at,
            claimed=begun[-1] if begun else None,
            succeeded=won[0] if won else None,
            was_unsuccessful=len(ends) > len(won),
        )


async def check_jobs(jobs: AsyncIterator[Job], diary: Diary, verdict: Verdict) -> AsyncIterator[tuple[Job, Seen]]:
    """Hold every job against every rule for one; passes each on with what other rules need of it."""
    expected = Expected(diary.asked)
    async for job in jobs:
        asked = diary.asked.get(job.key or "")
        case = Case(job, asked, diary, await expected.of(asked) if asked else None)
        for rule in RULES:
            verdict.note(rule.__name__, rule(case), job_id=job.id)
        yield job, Seen.of(job)


def check_accepted(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """Every accepted job is there, unless a user deleted it; what was confirmed as deleted is gone."""
    accepted = {asked.job_id: asked for asked in diary.asked.values() if asked.job_id}
    lost = [job_id for job_id in accepted if job_id not in seen and job_id not in diary.wished["delete"]]
    verdict.note("accepted", (f"job {job} ({accepted[job].key}) is not there" for job in lost), count=len(accepted))
    gone = [job_id for wish, job_id in diary.confirmed if wish == "delete"]
    back = [job_id for job_id in gone if job_id in seen]
    verdict.note("deleted", (f"job {job} is there again" for job in back), count=len(gone))
    turned = [job_id for job_id in diary.succeeded if job_id in seen and seen[job_id].state is not State.SUCCEEDED]
    verdict.note("told", (f"job {job} was told succeeded" for job in turned), count=len(diary.succeeded))


def check_asked(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """Every job was asked for, once."""
    verdict.note("asked", _unasked(seen, diary), count=len(seen))


def _unasked(seen: Mapping[UUID, Seen], diary: Diary) -> Iterator[str]:
    for job_id, job in seen.items():
        asked = diary.asked.get(job.key or "")
        # A request that was sent again after the job it made was deleted makes another, as the API's page says.
        if asked is None or (asked.is_refused and not asked.unheard):
            yield f"job {job_id} has key {job.key}, which {'was refused' if asked else 'nobody used'}"
        elif not asked.is_refused and asked.job_id != job_id and asked.job_id not in diary.wished["delete"]:
            yield f"job {job_id} has key {job.key}, which gave job {asked.job_id}"
    for key, count in Counter(job.key for job in seen.values()).items():
        if count > 1:
            yield f"{count} jobs have key {key}"


def check_order(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """No job begins before those that it needs have succeeded; none is left canceled when all of them have."""
    for asked in diary.asked.values():
        job = seen.get(asked.job_id) if asked.job_id else None
        if job and asked.needed:
            needed = [seen[one] for one in asked.needed if one in seen]
            verdict.note("order", _early(job, needed), job_id=asked.job_id)
            if len(needed) == len(asked.needed):  # What needs a job that was deleted can never begin.
                verdict.note("revived", _left_behind(job, needed), job_id=asked.job_id)


def _early(job: Seen, needed: Sequence[Seen]) -> Iterator[str]:
    for other in needed:
        if job.begun and (other.succeeded is None or other.succeeded > job.begun):
            yield f"it began at {job.begun}; {other.key}, which it needs, succeeded at {other.succeeded}"


def _left_behind(job: Seen, needed: Sequence[Seen]) -> Iterator[str]:
    """A retry of what it needs revives a job: that has succeeded by now, so somebody forgot this one."""
    unmet = job.state is State.CANCELED and job.code == "dependency_failed"
    if unmet and all(other.state is State.SUCCEEDED for other in needed):
        yield "it was canceled for a job that it needs, and all of them have succeeded"


def check_refused(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """A request was refused only if something that it builds on was deleted, or had ended without success."""
    for asked in diary.asked.values():
        if asked.is_refused:
            verdict.note("refused", _unfounded(asked, seen))


def _unfounded(asked: Asked, seen: Mapping[UUID, Seen]) -> Iterator[str]:
    if asked.refused != "invalid":
        yield f"{asked.key} was refused with {asked.refused}"
    elif all(one in seen and not seen[one].was_unsuccessful for one in asked.needed):
        yield f"{asked.key} was refused, though all that it needs is there and never ended without success"


def check_pauses(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """No job of a paused queue was begun. Only of a job's last run it is known when it was claimed."""
    for pause in diary.pauses:
        begun = [
            f"job {job_id} was begun from {job.claiming} to {job.claimed}, {pause.queue} was paused from {pause.since}"
            for job_id, job in seen.items()
            if job.queue == pause.queue and _within(job, pause)
        ]
        verdict.note("pauses", begun)


def _within(job: Seen, pause: Pause) -> bool:
    return bool(job.claiming and job.claimed and pause.since < job.claiming and job.claimed < pause.until)
