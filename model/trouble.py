"""What goes wrong with a whole worker."""

from __future__ import annotations

from collections.abc import Iterator

from model.rules import Rules, Trouble
from model.step import Promise, Step
from model.tickets import ended
from model.world import ENOUGH, IN_HAND, Phase, Worker, World


def troubles(world: World, rules: Rules, w: int) -> Iterator[Step]:
    """Crash, freeze and thaw, SIGTERM, a broken fetch loop."""
    worker = world.workers[w]
    if Trouble.CRASH in rules.may and worker != Worker():
        yield Step(f"worker {w} dies, another takes its place", Promise.NONE, ended(world, w))
    if worker.frozen:
        yield Step(f"worker {w} goes on", Promise.NONE, world.worker(w, worker._replace(frozen=False)))
        return
    # One lives, or nobody could rescue anything.
    if Trouble.FREEZE in rules.may and sum(not other.frozen for other in world.workers) > 1:
        yield Step(f"worker {w} freezes", Promise.NONE, world.worker(w, worker._replace(frozen=True)))
    if Trouble.LET_GO in rules.may and any(look.ticket for look in worker.looks):
        yield Step(f"worker {w} lets go of its tickets", Promise.NONE, _let_go(world, w))
    if Trouble.SIGTERM in rules.may and not worker.stopping:
        yield Step(f"worker {w} is told to stop", Promise.NONE, _told_to_stop(world, w))


def leaves(world: World, w: int) -> Iterator[Step]:
    """A worker that was told to stop has given everything back."""
    worker = world.workers[w]
    if worker.stopping and not worker.looks:
        yield Step(f"worker {w} leaves, another takes its place", Promise.LOOK, ended(world, w))


def _let_go(world: World, w: int) -> World:
    looks = []
    for look in world.workers[w].looks:
        job = world.jobs[look.job]
        if look.ticket:
            world = world.job(look.job, job._replace(todo=min(job.todo + 1, ENOUGH)))
        if look.phase in IN_HAND:
            looks.append(look._replace(ticket=False))
    return world.worker(w, world.workers[w]._replace(looks=tuple(looks)))


def _told_to_stop(world: World, w: int) -> World:
    world = _let_go(world, w)
    worker = world.workers[w]
    looks = [look._replace(phase=Phase.GIVE_BACK) if look.phase is Phase.WORKING else look for look in worker.looks]
    return world.worker(w, worker._replace(looks=tuple(looks), stopping=True))
