"""What must hold of all jobs together."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chaos.diary import Diary
from chaos.expected import Expected
from chaos.history import Job
from chaos.rules import RULES, Case
from chaos.verdict import Verdict
from playhead.states import State


@dataclass
class Seen:
    """Of a job, what rules about several jobs need. Times are POSIX times."""

    key: str | None
    state: State
    queue: str
    began: float | None
    succeeded: float | None
    started_at: float | None


async def check_jobs(jobs: AsyncIterator[Job], diary: Diary, verdict: Verdict) -> AsyncIterator[tuple[Job, Seen]]:
    """Hold every job against every rule for one; passes each on with what other rules need of it."""
    expected = Expected(diary.asked)
    async for job in jobs:
        asked = diary.asked.get(job.key or "")
        case = Case(job, asked, diary, await expected.of(asked) if asked else None)
        for rule in RULES:
            verdict.note(rule.__name__, rule(case), job_id=job.id)
        runs, won = job.runs(), [event.at for event in job.states if event.state is State.SUCCEEDED]
        yield (
            job,
            Seen(job.key, job.state, job.queue, runs[0].at if runs else None, won[0] if won else None, job.started_at),
        )


def check_accepted(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """Every accepted job is there, unless a user deleted it; what was confirmed as deleted is gone."""
    accepted = {asked.job_id: asked for asked in diary.asked.values() if asked.job_id}
    lost = [job_id for job_id in accepted if job_id not in seen and job_id not in diary.deleted]
    verdict.note("accepted", (f"job {job} ({accepted[job].key}) is not there" for job in lost), count=len(accepted))
    back = [job_id for job_id in diary.gone if job_id in seen]
    verdict.note("deleted", (f"job {job} is there again" for job in back), count=len(diary.gone))
    turned = [job_id for job_id in diary.succeeded if job_id in seen and seen[job_id].state is not State.SUCCEEDED]
    verdict.note("told", (f"job {job} was told succeeded" for job in turned), count=len(diary.succeeded))


def check_asked(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """Every job was asked for, once."""
    verdict.note("asked", _unasked(seen, diary), count=len(seen))


def _unasked(seen: Mapping[UUID, Seen], diary: Diary) -> Iterator[str]:
    for job_id, job in seen.items():
        asked = diary.asked.get(job.key or "")
        # A request that was sent again after the job it made was deleted makes another, as the API's page says.
        if asked is None or asked.refused:
            yield f"job {job_id} has key {job.key}, which {'was refused' if asked else 'nobody used'}"
        elif asked.job_id != job_id and asked.job_id not in diary.deleted:
            yield f"job {job_id} has key {job.key}, which gave job {asked.job_id}"
    for key, count in Counter(job.key for job in seen.values()).items():
        if count > 1:
            yield f"{count} jobs have key {key}"


def check_order(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """No job begins before those that it needs have succeeded."""
    for asked in diary.asked.values():
        job = seen.get(asked.job_id) if asked.job_id else None
        if job and asked.needs:
            needed = [diary.asked[key].job_id for key in asked.needs]
            verdict.note(
                "order", _early(job, [seen[one] for one in needed if one and one in seen]), job_id=asked.job_id
            )


def _early(job: Seen, needed: Sequence[Seen]) -> Iterator[str]:
    for other in needed:
        if job.began is not None and (other.succeeded is None or other.succeeded > job.began):
            yield f"it began at {job.began}; {other.key}, which it needs, succeeded at {other.succeeded}"


def check_pauses(seen: Mapping[UUID, Seen], diary: Diary, verdict: Verdict) -> None:
    """No job of a paused queue was begun."""
    for pause in diary.pauses:
        begun = [
            f"job {job_id} was begun at {job.started_at} while {pause.queue} was paused from {pause.since}"
            for job_id, job in seen.items()
            if job.queue == pause.queue and job.started_at and pause.since < job.started_at < pause.until
        ]
        verdict.note("pauses", begun)
