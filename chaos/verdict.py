"""What must hold of a whole run, and what was found."""

from __future__ import annotations

import asyncio
import hashlib
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chaos.diary import Diary
from chaos.expected import Expected
from chaos.history import Job
from chaos.monkey import Done
from chaos.process import Life
from chaos.rules import RULES, Case
from playhead.errors import PlayheadError
from playhead.states import State
from playhead.storage import Storage

NEAR_SECONDS = 10.0
OWN = {"term", "term_twice", "kill", "poison"}
"""Faults that concern no process but the one that they end."""


@dataclass(frozen=True)
class Violation:
    """A promise that was broken; ``job_id`` where it is about one job."""

    rule: str
    text: str
    job_id: UUID | None = None


@dataclass
class Verdict:
    """What was found: ``checked`` counts, by rule, what could have broken it."""

    violations: list[Violation] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    def note(self, rule: str, found: Iterable[str], *, job_id: UUID | None = None, count: int = 1) -> None:
        """A rule was looked at, for this many things."""
        self.checked[rule] += count
        self.violations += [Violation(rule, text, job_id) for text in found]


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


def check_lives(lives: Mapping[str, Sequence[Life]], stuck: Sequence[str], verdict: Verdict) -> None:
    """No process ended that nobody ended, and each that was asked to end did so well and in time."""
    for name, own in lives.items():
        for life in own:
            verdict.note("processes", _bad_end(name, life))
    verdict.note("processes", stuck)


def _bad_end(name: str, life: Life) -> Iterator[str]:
    told = f"{name} (pid {life.pid}) ended with {life.status}: {life.log}"
    killed = life.was_sent(signal.SIGKILL) or life.poisoned
    left = life.status == 0 and life.was_sent(signal.SIGTERM)
    if not (killed or left or _unborn(life)):
        yield told


@dataclass(frozen=True)
class Lost:
    """A run that its worker lost: ``at`` is when, as a POSIX time, and ``life`` the worker's."""

    job_id: UUID
    lease: int
    at: float
    life: Life


def check_given_back(lost: Sequence[Lost], done: Sequence[Done], verdict: Verdict) -> None:
    """A worker that was asked to stop and did gave back all that it had: none of it cost an attempt.

    Where another fault was near, it is not held against the worker: it may have been cut off from the ledger.
    """
    verdict.checked["given_back"] += len(lost)
    for one in lost:
        asked = [at for at, number in one.life.sent if number is signal.SIGTERM]
        if one.life.status == 0 and asked and one.at > asked[0] and not _disturbed(one.life, asked[0], done):
            text = f"lease {one.lease} was lost with {one.life.log}, which was asked to stop and did"
            verdict.note("given_back", [text], job_id=one.job_id, count=0)


def _disturbed(life: Life, asked: float, done: Sequence[Done]) -> bool:
    until = life.ended or asked
    near = [one for one in done if one.began < until and (one.ended or until) > asked - NEAR_SECONDS]
    return any(one.fault.name not in OWN and (one.life is None or one.life is life) for one in near)


def _unborn(life: Life) -> bool:
    """Asked to stop before it had said a word: it could not yet know what that means."""
    return life.status == -signal.SIGTERM and life.was_sent(signal.SIGTERM) and life.log.stat().st_size == 0


async def check_bytes(storage: Storage, outputs: Mapping[str, int], verdict: Verdict) -> None:
    """The bytes of every output are in the storage, and are what their name says. ``outputs``: sizes by sha256."""
    for sha256, size_bytes in outputs.items():
        verdict.note("bytes", [text async for text in _missing(storage, sha256, size_bytes)])


async def _missing(storage: Storage, sha256: str, size_bytes: int) -> AsyncIterator[str]:
    try:
        content = b"".join([chunk async for chunk in await storage.read(sha256)])
    except PlayheadError as error:
        yield f"{sha256}: {error.message}"
        return
    digest = await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
    if (digest, len(content)) != (sha256, size_bytes):
        yield f"{sha256} ({size_bytes} bytes) holds {len(content)} bytes of {digest}"
