"""What time does (playhead/ledger/sweep.py), and what people do (playhead/ledger/operate.py, queues.py)."""

from __future__ import annotations

from collections.abc import Iterator

from model import ledger
from model.rules import Guard, Rules, Trouble
from model.step import Promise, Step
from model.world import IN_HAND, Job, Phase, World
from playhead.states import PENDING, State


def sweeps(world: World, rules: Rules) -> Iterator[Step]:
    """The housekeeping, which runs in any worker that lives."""
    for number, job in enumerate(world.jobs):
        yield from _rescues(world, rules, number)
        yield from _reissues(world, rules, number)
        if rules.keep(Guard.QUEUE_DUE) and job.state is State.WAITING and job.due:
            yield Step(f"job {number} is due", Promise.DUE, world.job(number, ledger.queued(job, rules)))
        if rules.keep(Guard.EXPIRE) and job.state in PENDING and job.expires == "late" and not job.started:
            expired = ledger.moved(job, State.EXPIRED, rules)
            yield Step(f"job {number} expires", Promise.EXPIRE, world.job(number, expired))


def _rescues(world: World, rules: Rules, number: int) -> Iterator[Step]:
    job = world.jobs[number]
    if job.state is not State.RUNNING or not rules.keep(Guard.RESCUE):
        return
    after = world.job(number, ledger.take_back(job, rules))
    holder = next((worker for worker in world.workers if job.lease in worker.ours), None)
    if holder is None or holder.frozen:
        yield Step(f"job {number} is rescued", Promise.RESCUE, after)
    elif Trouble.LATE in rules.may:
        yield Step(f"job {number} is rescued, though its worker lives", Promise.NONE, after)


def _reissues(world: World, rules: Rules, number: int) -> Iterator[Step]:
    job = world.jobs[number]
    if rules.keep(Guard.REISSUE_STRANDED):
        if job.stranded:
            replaced = ledger.issued(job._replace(stranded=False))
            yield Step(f"stranded tickets of job {number} are replaced", Promise.STRANDED, world.job(number, replaced))
        yield from _taken_away(world, rules, number)
    runnable = job.state is State.QUEUED and not world.paused and not _late(job)
    if rules.keep(Guard.REISSUE_MISSING) and runnable and not job.todo:
        after = world.job(number, ledger.issued(job))
        # A minute goes by before one is thought missing: more than any look takes that is not slow.
        coming = any(
            look.job == number and look.phase is Phase.FETCHED and not worker.frozen
            for worker in world.workers
            for look in worker.looks
        )
        if coming and Trouble.LATE not in rules.may:
            return
        yield Step(f"a missing ticket of job {number} is written", Promise.MISSING, after)


def _taken_away(world: World, rules: Rules, number: int) -> Iterator[Step]:
    """Tickets in the hands of workers that are only taken for dead."""
    after = world.job(number, ledger.issued(world.jobs[number]))
    for w, worker in enumerate(world.workers):
        if not worker.frozen and Trouble.LATE not in rules.may:
            continue
        promise = Promise.STRANDED if worker.frozen else Promise.NONE
        what = f"a ticket of job {number} that worker {w} has is replaced"
        for place, look in enumerate(worker.looks):
            if look.job == number and look.ticket:
                on = look._replace(ticket=False) if look.phase in IN_HAND else None
                yield Step(what, promise, after.look(w, place, on))
        left = tuple(ticket for ticket in worker.left if ticket[0] != number)
        if left != worker.left:
            yield Step(what, promise, after.worker(w, worker._replace(left=left)))


def people(world: World, rules: Rules) -> Iterator[Step]:
    """Cancel, skip, retry, pause and resume; and the passing of an ``expires_at``."""
    for number, job in enumerate(world.jobs):
        if Trouble.CANCEL in rules.may:
            yield from _done(world, number, "canceled", ledger.cancel(job, rules))
            yield from _done(world, number, "skipped", ledger.skip(job, rules))
        if Trouble.RETRY in rules.may:
            yield from _done(world, number, "retried", ledger.retry(job, rules))
        if job.expires == "in time":
            late = world.job(number, job._replace(expires="late"))
            yield Step(f"job {number} is late", Promise.NONE, late)
    if world.paused:
        yield Step("the queue is resumed", Promise.RESUME, _resumed(world, rules))
    elif Trouble.PAUSE in rules.may:
        yield Step("the queue is paused", Promise.NONE, world._replace(paused=True))


def _done(world: World, number: int, what: str, after: Job | None) -> Iterator[Step]:
    if after is not None:
        yield Step(f"job {number} is {what}", Promise.NONE, world.job(number, after))


def _resumed(world: World, rules: Rules) -> World:
    world = world._replace(paused=False)
    for number, job in enumerate(world.jobs if rules.keep(Guard.RESUME_ISSUES) else ()):
        world = world.job(number, ledger.issued(job))
    return world


def _late(job: Job) -> bool:
    return job.expires == "late" and not job.started
