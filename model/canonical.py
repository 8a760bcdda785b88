"""Worlds that differ only in what can make no difference are one.

Tokens are numbered anew, workers and their looks have no order, and what nobody will ask for again is forgotten.
Most of a search's time is spent here: hence the short cuts.
"""

from __future__ import annotations

from model.rules import Rules, Trouble
from model.world import Beat, Job, Look, Phase, Worker, World
from playhead.states import State

Names = dict[int, int]
"""What each token is called from now on."""


def canonical(world: World, rules: Rules) -> World:
    """The one world that stands for all that behave like this one."""
    jobs, workers = world.jobs, _forgetful(world, rules)
    leases = _leases(jobs, workers)
    if max(leases) >= len(leases):
        names = {lease: name for name, lease in enumerate(sorted(leases))}
        jobs = tuple([job._replace(lease=names[job.lease]) for job in jobs])
        workers = [_renamed(worker, names) for worker in workers]
    workers = sorted([_sorted(worker) for worker in workers])
    return World(jobs, tuple(workers), world.paused)


def forgetful(world: World, rules: Rules) -> World:
    """The same world, without what nobody will ask for again; everything keeps its name and place."""
    return world._replace(workers=tuple(_forgetful(world, rules)))


def _sorted(worker: Worker) -> Worker:
    return worker._replace(looks=tuple(sorted(worker.looks))) if len(worker.looks) > 1 else worker


def _leases(jobs: tuple[Job, ...], workers: list[Worker]) -> set[int]:
    known = {0, *[job.lease for job in jobs]}
    for worker in workers:
        for look in worker.looks:
            known.add(look.lease)
        if worker.beat:
            known.update(worker.beat.looked_at)
            known.update([lease for lease, _ in worker.beat.held])
    return known


def _renamed(worker: Worker, names: Names) -> Worker:
    beat = worker.beat
    if beat:
        looked_at = tuple(sorted([names[lease] for lease in beat.looked_at]))
        beat = Beat(looked_at, tuple(sorted([(names[lease], job) for lease, job in beat.held])), beat.chosen)
    looks = tuple([look._replace(lease=names[look.lease]) for look in worker.looks])
    ours = tuple(sorted([names[lease] for lease in worker.ours]))
    return worker._replace(looks=looks, ours=ours, beat=beat)


def _forgetful(world: World, rules: Rules) -> list[Worker]:
    current = [job.lease for job in world.jobs]
    return [_of_use(worker, world.jobs, current, rules) for worker in world.workers]


def _of_use(worker: Worker, jobs: tuple[Job, ...], current: list[int], rules: Rules) -> Worker:
    """The ledger knows a worker's lease for as long as the job's row has it."""
    ours, looks = worker.ours, worker.looks
    if ours:
        ours = tuple([lease for lease in ours if lease in current])
    if looks:
        looks = tuple([_less(look, jobs[look.job], rules) for look in looks])
    if ours == worker.ours and looks == worker.looks:
        return worker
    return Worker(looks, ours, worker.left, worker.beat, worker.frozen, worker.stopping)


def _less(look: Look, job: Job, rules: Rules) -> Look:
    """A failure's attempt matters to its end alone; nothing of a run matters that the fences will refuse."""
    if not look.lease:
        return look
    refused = not rules.without and (job.lease != look.lease or job.state is not State.RUNNING)
    done = 0 if refused or look.phase is not Phase.WORKING else look.done
    counted = look.phase in _COUNTED or (look.phase is Phase.SUCCESS and Trouble.UNWRITTEN in rules.may)
    attempt = look.attempt if counted and not refused else 0
    if done == look.done and attempt == look.attempt:
        return look
    return look._replace(attempt=attempt, done=done)


_COUNTED = frozenset({Phase.WORKING, Phase.TRANSIENT})
