"""What a worker does with a ticket: worker/dispatch.py, worker/runner.py, worker/settling.py."""

from __future__ import annotations

from collections.abc import Iterator

from model import ledger
from model.rules import Guard, Rules, Trouble
from model.step import Promise, Step
from model.tickets import ends, left_places, over, spends_early
from model.world import IN_HAND, OUTCOMES, Job, Look, Phase, Worker, World
from playhead.states import State


def fetches(world: World, rules: Rules, w: int) -> Iterator[Step]:
    """A ticket is fetched: todo -> doing."""
    worker = world.workers[w]
    # Of those that left their places, no more than there are places.
    if worker.stopping or len(worker.looks) >= rules.places + min(left_places(worker), rules.places):
        return
    for number, job in enumerate(world.jobs):
        if job.todo:
            look = Look(number, ticket=rules.keep(Guard.SPENT_AFTER_LOOK))
            after = world.job(number, job._replace(todo=job.todo - 1))
            yield Step(f"worker {w} fetches a ticket of job {number}", Promise.FETCH, _begun(after, w, look))


def goes_on(world: World, rules: Rules, w: int, place: int) -> Iterator[Step]:
    """The next step of a look, and what may go wrong in it."""
    look = world.workers[w].looks[place]
    if look.phase is Phase.FETCHED:
        yield from _claims(world, rules, w, place)
    elif look.phase is Phase.WORKING:
        yield from _works(world, rules, w, place)
    elif look.phase in OUTCOMES:
        yield from spends_early(world, rules, w, place)
        yield from _settles(world, rules, w, place)
    else:
        yield from ends(world, rules, w, place)


def _begun(world: World, w: int, look: Look) -> World:
    worker = world.workers[w]
    return world.worker(w, worker._replace(looks=(*worker.looks, look)))


def _claims(world: World, rules: Rules, w: int, place: int) -> Iterator[Step]:
    worker, look = world.workers[w], world.workers[w].looks[place]
    broke = world.look(w, place, over(look, Phase.BROKE))
    if worker.stopping:
        yield Step(f"worker {w} looks no more", Promise.LOOK, broke)
        return
    job = ledger.claim(world.jobs[look.job], _token(world, rules), rules, paused=world.paused)
    if job is None:
        yield _not_claimed(world, rules, w, place)
    else:
        claimed = world.job(look.job, job).worker(w, worker._replace(ours=(*worker.ours, job.lease)))
        what = f"worker {w} claims job {look.job}: lease {job.lease}, attempt {job.attempt}"
        yield Step(what, Promise.LOOK, claimed.look(w, place, _run(look, job, rules)))
        if Trouble.ANSWER_LOST in rules.may:
            unsure = claimed.look(w, place, look._replace(unsure=True))
            yield Step(f"{what}, and hears of a broken connection", Promise.NONE, unsure)
    if Trouble.REFUSED in rules.may:
        tries = world.look(w, place, look._replace(unsure=True))
        yield Step(f"worker {w} tries again to claim: the database is away", Promise.NONE, tries)
        yield Step(f"worker {w} gives up claiming: the database is away", Promise.NONE, broke)


def _not_claimed(world: World, rules: Rules, w: int, place: int) -> Step:
    """claiming.Claiming: what it holds already it may have claimed itself, and not heard of it."""
    worker, look = world.workers[w], world.workers[w].looks[place]
    job = world.jobs[look.job]
    claimed = job.state is State.RUNNING and job.lease in worker.ours
    if look.unsure and claimed and _may_take_up(worker, look.job, job.lease, rules):
        what = f"worker {w} takes up what it claimed: lease {job.lease}"
        return Step(what, Promise.LOOK, world.look(w, place, _run(look, job, rules)))
    return Step(f"worker {w} finds nothing to claim", Promise.LOOK, world.look(w, place, over(look)))


def _may_take_up(worker: Worker, number: int, lease: int, rules: Rules) -> bool:
    """Runner._may_take_up."""
    alone = sum(other.job == number and other.phase in IN_HAND for other in worker.looks) == 1
    chosen = worker.beat.held if worker.beat and worker.beat.chosen else ()
    return (alone or not rules.keep(Guard.TAKEN_UP_ALONE)) and (
        (lease, number) not in chosen or not rules.keep(Guard.TAKEN_UP_UNCHOSEN)
    )


def _run(look: Look, job: Job, rules: Rules) -> Look:
    done = job.stored if rules.keep(Guard.FROM_CHECKPOINT) else 0
    return look._replace(phase=Phase.WORKING, lease=job.lease, attempt=job.attempt, done=done, unsure=False)


def _token(world: World, rules: Rules) -> int:
    if not rules.keep(Guard.FRESH_LEASE):
        return 1
    known = [job.lease for job in world.jobs]
    for worker in world.workers:
        known += [*worker.ours, *(look.lease for look in worker.looks)]
        if worker.beat:
            known += [*worker.beat.looked_at, *(lease for lease, _ in worker.beat.held)]
    return max(known) + 1


def _works(world: World, rules: Rules, w: int, place: int) -> Iterator[Step]:
    look = world.workers[w].looks[place]
    who = f"worker {w}, lease {look.lease}"
    if look.done < rules.parts:
        more = look._replace(done=look.done + 1)
        yield Step(f"{who}: part {more.done} is done", Promise.LOOK, world.look(w, place, more))
    else:
        done = look._replace(phase=Phase.SUCCESS)
        yield Step(f"{who}: the work succeeds", Promise.LOOK, world.look(w, place, done))
    for phase in (Phase.TRANSIENT, Phase.PERMANENT) if Trouble.BAD_INPUT in rules.may else (Phase.TRANSIENT,):
        yield Step(f"{who}: the work ends as a {phase}", Promise.NONE, world.look(w, place, look._replace(phase=phase)))
    job = world.jobs[look.job]
    if look.done == job.stored and ledger.holds(job, look.lease):
        return
    kept = ledger.checkpoint(job, look, rules)
    if kept is None:
        yield Step(f"{who}: its report is refused", Promise.LOOK, world.look(w, place, over(look)))
    else:
        yield Step(f"{who}: part {look.done} is stored", Promise.LOOK, world.job(look.job, kept))


def _settles(world: World, rules: Rules, w: int, place: int) -> Iterator[Step]:
    look = world.workers[w].looks[place]
    who, job = f"worker {w}, lease {look.lease}", world.jobs[look.job]
    if not rules.keep(Guard.ONE_SETTLE) and look.phase is Phase.SUCCESS and ledger.holds(job, look.lease):
        half = world.job(look.job, ledger.produced(job))
        yield Step(f"{who}: only the outputs are written", Promise.LOOK, half)
    settled = ledger.settle(job, look, rules)
    if settled is None:
        yield Step(f"{who}: its {look.phase} is refused", Promise.LOOK, world.look(w, place, over(look)))
        return
    after = world.job(look.job, settled)
    yield Step(f"{who}: its {look.phase} is written", Promise.LOOK, after.look(w, place, over(look)))
    if Trouble.ANSWER_LOST in rules.may and not look.charged:
        unsure = look._replace(charged=True)
        yield Step(
            f"{who}: its {look.phase} is written, and it never hears of it", Promise.NONE, after.look(w, place, unsure)
        )
    if Trouble.UNWRITTEN in rules.may:
        broke = over(look, Phase.BROKE)
        yield Step(f"{who}: its {look.phase} cannot be written", Promise.NONE, world.look(w, place, broke))
        if look.phase is Phase.SUCCESS:
            instead = world.look(w, place, look._replace(phase=Phase.TRANSIENT))
            yield Step(f"{who}: its success cannot be written, a failure is to be", Promise.NONE, instead)
