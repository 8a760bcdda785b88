"""What must be true of every world that can be reached."""

from __future__ import annotations

from model.ledger import holds
from model.rules import Rules
from model.world import RUNS, Job, Phase, World
from playhead.states import TERMINAL, State


def broken_rule(world: World, rules: Rules) -> str | None:
    """The first rule that is broken, in words; None where all hold."""
    for number, job in enumerate(world.jobs):
        rule = job.broken or _of_job(job, rules) or _of_world(world, number)
        if rule:
            return f"job {number}: {rule}"
    return None


def ended(world: World) -> bool:
    """Whether all jobs came to their end."""
    return all(job.state in TERMINAL for job in world.jobs)


def may_succeed(world: World, number: int, rules: Rules) -> bool:
    """Whether this job has an attempt left, or one under way that has not failed."""
    job = world.jobs[number]
    if job.state in TERMINAL or _late(job):
        return False
    runs = [
        (look.phase, worker.frozen)
        for worker in world.workers
        for look in worker.looks
        if look.job == number and look.phase in RUNS and holds(job, look.lease)
    ]
    if any(phase is Phase.PERMANENT for phase, _ in runs):
        return False
    # A frozen run on the last attempt is rescued into the dead letter; one given back has its attempt again.
    alive = any(phase is not Phase.TRANSIENT and not frozen for phase, frozen in runs)
    return alive or job.attempt < rules.max_attempts


def _of_job(job: Job, rules: Rules) -> str | None:
    if job.successes != (job.state is State.SUCCEEDED):
        return f"{job.state}, and its outputs were written {job.successes} times"
    if job.attempt != job.begun:
        return f"{job.attempt} attempts counted, {job.begun} begun"
    if job.attempt > rules.max_attempts:
        return "more attempts than it has"
    return None


def _of_world(world: World, number: int) -> str | None:
    job = world.jobs[number]
    looks = [look for worker in world.workers for look in worker.looks if look.job == number]
    if sum(look.phase in RUNS and holds(job, look.lease) for look in looks) > 1:
        return "held by two runs at once"
    if job.state is not State.QUEUED or world.paused or _late(job):
        return None
    # The tickets of the other looks are about to be deleted.
    coming = sum(look.phase in {Phase.FETCHED, Phase.BROKE} for look in looks)
    left = sum((number, True) in worker.left for worker in world.workers)
    return None if job.todo + job.stranded + coming + left else "queued, and no ticket tells of it"


def _late(job: Job) -> bool:
    return job.expires == "late" and not job.started
