"""What becomes of a ticket: worker/places.py, worker/spending.py."""

from __future__ import annotations

from collections.abc import Iterator

from model.rules import Guard, Rules, Trouble
from model.step import Promise, Step
from model.world import ENOUGH, Look, Phase, Worker, World


def over(look: Look, phase: Phase = Phase.LOOKED) -> Look | None:
    """The look when its run is over, if only as lost: it writes nothing more, and its ticket is to end."""
    return Look(look.job, phase, ticket=True) if look.ticket else None


def left_places(worker: Worker) -> int:
    """Looks whose place is another's, though their ends are to be written still."""
    return sum(look.phase is Phase.SUCCESS and not look.ticket for look in worker.looks)


def spends_early(world: World, rules: Rules, w: int, place: int) -> Iterator[Step]:
    """Place.leave: the work is done, and the ticket ends before that is written; not where outputs go with it."""
    look = world.workers[w].looks[place]
    if look.phase is Phase.SUCCESS and look.ticket and left_places(world.workers[w]) < rules.places:
        left = world.look(w, place, look._replace(ticket=False))
        yield from _ends_ticket(left, rules, w, look.job, Promise.NONE)


def ends(world: World, rules: Rules, w: int, place: int) -> Iterator[Step]:
    """The look is over: its ticket is deleted or put back, or that has to wait."""
    look = world.workers[w].looks[place]
    back = look.phase is Phase.BROKE and rules.keep(Guard.PUT_BACK)
    yield from _ends_ticket(world.look(w, place, None), rules, w, look.job, Promise.LOOK, back=back)


def ends_left(world: World, rules: Rules, w: int) -> Iterator[Step]:
    """A ticket that could not be ended is."""
    worker = world.workers[w]
    if worker.left and rules.keep(Guard.LEFT_ENDED):
        (number, back), *others = worker.left
        after = world.worker(w, worker._replace(left=tuple(others)))
        yield _ticket_ended(after, Promise.LEFT, w, number, back=back)


def _ends_ticket(
    after: World, rules: Rules, w: int, number: int, promise: Promise, *, back: bool = False
) -> Iterator[Step]:
    yield _ticket_ended(after, promise, w, number, back=back)
    if Trouble.LEFT in rules.may:
        worker = after.workers[w]
        held = worker._replace(left=tuple(sorted({*worker.left, (number, back)})))
        yield Step(f"worker {w} cannot end its ticket", Promise.NONE, after.worker(w, held))


def _ticket_ended(after: World, promise: Promise, w: int, number: int, *, back: bool) -> Step:
    if not back:
        return Step(f"worker {w} deletes its ticket", promise, after)
    job = after.jobs[number]
    again = job._replace(todo=min(job.todo + 1, ENOUGH))
    return Step(f"worker {w} puts its ticket back", promise, after.job(number, again))


def ended(world: World, w: int) -> World:
    """The world where this process is no more and a new one took its place: what it had fetched is stranded."""
    gone = world.workers[w]
    fetched = [look.job for look in gone.looks if look.ticket]
    for number in fetched + [number for number, _ in gone.left]:
        world = world.job(number, world.jobs[number]._replace(stranded=True))
    return world.worker(w, Worker())
