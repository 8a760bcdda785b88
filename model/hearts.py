"""The heartbeat: worker/heartbeat.py. What it read may be old when it acts, and what it chose when it takes it back."""

from __future__ import annotations

from collections.abc import Iterator

from model import ledger
from model.rules import Guard, Rules, Trouble
from model.step import Promise, Step
from model.tickets import over
from model.world import IN_HAND, RUNS, Beat, Held, Look, Phase, Worker, World


def beats(world: World, rules: Rules, w: int) -> Iterator[Step]:
    """Read which leases are its own, choose among them, take back: at once, or with anything in between."""
    worker = world.workers[w]
    if worker.beat and worker.beat.chosen:
        back = _taken_back(world, rules, w, worker.beat.held)
        yield Step(f"worker {w} takes back what it chose", Promise.BEAT, back)
    elif worker.beat:
        yield from _acts(world, rules, w, worker.beat)
    elif worker.looks or worker.ours:
        looked_at = tuple(look.lease for look in worker.looks if look.phase is Phase.WORKING)
        held = tuple((job.lease, n) for n, job in enumerate(world.jobs) if job.lease in worker.ours)
        yield from _acts(world, rules, w, Beat(looked_at, held))
        if Trouble.SLOW_HEART in rules.may:
            read = world.worker(w, worker._replace(beat=Beat(looked_at, held)))
            yield Step(f"worker {w} beats and reads that it holds {held}", Promise.NONE, read)


def _acts(world: World, rules: Rules, w: int, beat: Beat) -> Iterator[Step]:
    stopped = _stopped(world, rules, w, beat)
    worker = stopped.workers[w]
    dropped = _dropped(worker, beat, rules)
    yield Step(f"worker {w} acts on its heartbeat", Promise.BEAT, _taken_back(stopped, rules, w, dropped))
    if dropped and Trouble.SLOW_HEART in rules.may:
        chosen = stopped.worker(w, worker._replace(beat=Beat((), dropped, chosen=True)))
        yield Step(f"worker {w} chooses to take back {dropped}", Promise.NONE, chosen)


def _stopped(world: World, rules: Rules, w: int, beat: Beat) -> World:
    """Runner.drop_lost."""
    worker = world.workers[w]
    lost = [look for look in worker.looks if _lost(look, beat, rules)]
    for look in lost:
        if ledger.holds(world.jobs[look.job], look.lease):
            wronged = ledger.breaks(world.jobs[look.job], "the heart stopped a run that holds its job")
            world = world.job(look.job, wronged)
    looks = [over(look) if look in lost else look for look in worker.looks]
    return world.worker(w, worker._replace(looks=tuple(look for look in looks if look))) if lost else world


def _lost(look: Look, beat: Beat, rules: Rules) -> bool:
    known = look.lease in beat.looked_at or not rules.keep(Guard.LOOKED_AT)
    return look.phase is Phase.WORKING and known and look.lease not in {lease for lease, _ in beat.held}


def _dropped(worker: Worker, beat: Beat, rules: Rules) -> Held:
    """Runner.dropped: what the ledger knows as this worker's, and nobody has in hand."""
    held = beat.held if rules.keep(Guard.TAKE_BACK) else ()
    return tuple((lease, number) for lease, number in held if not _in_hand(worker, number, rules))


def _in_hand(worker: Worker, number: int, rules: Rules) -> bool:
    phases = IN_HAND if rules.keep(Guard.IN_HAND) else {Phase.WORKING}
    return any(look.job == number and look.phase in phases for look in worker.looks)


def _taken_back(world: World, rules: Rules, w: int, dropped: Held) -> World:
    """sweep.rescue_dropped."""
    worker = world.workers[w]
    for lease, number in dropped:
        world = _given_up(world, rules, worker, lease, number)
    return world.worker(w, worker._replace(beat=())) if worker.beat else world


def _given_up(world: World, rules: Rules, worker: Worker, lease: int, number: int) -> World:
    job = world.jobs[number]
    if not ledger.holds(job, lease) and rules.keep(Guard.FENCED_TAKE_BACK):
        return world
    if not ledger.holds(job, lease):
        job = ledger.breaks(job, "the heart took back a run that it knew nothing of")
    if any(look.lease == lease and look.phase in RUNS for look in worker.looks):
        job = ledger.breaks(job, "the heart took back a run that is in hand")
    return world.job(number, ledger.take_back(job, rules))
