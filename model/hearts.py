"""The heartbeat: worker/heartbeat.py. What it read may be old when it acts."""

from __future__ import annotations

from collections.abc import Iterator

from model import ledger
from model.looks import over
from model.rules import Guard, Rules, Trouble
from model.step import Promise, Step
from model.world import IN_HAND, RUNS, Beat, Look, Phase, Worker, World


def beats(world: World, rules: Rules, w: int) -> Iterator[Step]:
    """Read which leases are its own, or act on what was read."""
    worker = world.workers[w]
    if worker.beat:
        yield Step(f"worker {w} acts on its heartbeat", Promise.BEAT, _acted(world, rules, w, worker.beat))
    elif worker.looks or worker.ours:
        looked_at = tuple(look.lease for look in worker.looks if look.phase is Phase.WORKING)
        held = tuple((job.lease, n) for n, job in enumerate(world.jobs) if job.lease in worker.ours)
        beat = Beat(looked_at, held)
        yield Step(f"worker {w} beats", Promise.BEAT, _acted(world, rules, w, beat))
        if Trouble.SLOW_HEART in rules.may:
            read = world.worker(w, worker._replace(beat=beat))
            yield Step(f"worker {w} beats and reads that it holds {held}", Promise.NONE, read)


def _acted(world: World, rules: Rules, w: int, beat: Beat) -> World:
    for look in world.workers[w].looks:
        if _lost(look, beat, rules) and ledger.holds(world.jobs[look.job], look.lease):
            wronged = ledger.breaks(world.jobs[look.job], "the heart stopped a run that holds its job")
            world = world.job(look.job, wronged)
    worker = world.workers[w]
    looks = [over(look) if _lost(look, beat, rules) else look for look in worker.looks]
    worker = worker._replace(looks=tuple(look for look in looks if look), beat=())
    world = world.worker(w, worker)
    for lease, number in beat.held if rules.keep(Guard.TAKE_BACK) else ():
        if not _in_hand(worker, number, rules):
            world = _given_up(world, rules, worker, lease, number)
    return world


def _lost(look: Look, beat: Beat, rules: Rules) -> bool:
    known = look.lease in beat.looked_at or not rules.keep(Guard.LOOKED_AT)
    return look.phase is Phase.WORKING and known and look.lease not in {lease for lease, _ in beat.held}


def _in_hand(worker: Worker, number: int, rules: Rules) -> bool:
    phases = IN_HAND if rules.keep(Guard.IN_HAND) else {Phase.WORKING}
    return any(look.job == number and look.phase in phases for look in worker.looks)


def _given_up(world: World, rules: Rules, worker: Worker, lease: int, number: int) -> World:
    job = world.jobs[number]
    if not ledger.holds(job, lease) and rules.keep(Guard.FENCED_TAKE_BACK):
        return world
    if not ledger.holds(job, lease):
        job = ledger.breaks(job, "the heart took back a run that it knew nothing of")
    if any(look.lease == lease and look.phase in RUNS for look in worker.looks):
        job = ledger.breaks(job, "the heart took back a run that is in hand")
    return world.job(number, ledger.take_back(job, rules))
