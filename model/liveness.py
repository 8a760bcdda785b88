"""Once troubles stop, every job comes to its end: no dead end, and no way to go round for ever.

And the end may be a success for as long as an attempt is left: a protocol that refuses every success ends jobs too.

Only promised steps are looked at. Each promise is one of weak fairness: what stays possible is done sooner or later.
That work fails is promised by nobody.
"""

from __future__ import annotations

from model.circles import Circles
from model.invariants import ended, may_succeed
from model.search import Searched, Ways
from model.step import Promise
from playhead.states import State


def stuck(found: Searched) -> tuple[str, int] | None:
    """What is wrong, and the number of the first world where it is; None where every job ends as it should."""
    goals = [ended(world) for world in found.worlds]
    kept = [_promised(ways, goal=goal) for ways, goal in zip(found.ways, goals, strict=True)]
    before = _before(kept)
    hopeful = _can_reach(goals, before)
    if False in hopeful:
        return "a dead end: no promised steps lead from here to the job's end", hopeful.index(False)
    for job in range(found.rules.jobs):
        wasted = _wasted(found, job, before)
        if wasted is not None:
            return f"job {job}: an attempt is left, and no promised steps lead from here to its success", wasted
    endless = [min(circle) for circle in Circles(kept).all() if may_go_on(circle, kept)]
    return ("a circle: promised steps may go round here for ever", min(endless)) if endless else None


def _promised(ways: Ways, *, goal: bool) -> Ways:
    return [] if goal else [way for way in ways if way[0] is not Promise.NONE]


def _before(kept: list[Ways]) -> list[list[int]]:
    before: list[list[int]] = [[] for _ in kept]
    for number, ways in enumerate(kept):
        for _, after in ways:
            before[after].append(number)
    return before


def _wasted(found: Searched, job: int, before: list[list[int]]) -> int | None:
    """The first world where this job may succeed, but never can."""
    hopeful = _can_reach([world.jobs[job].state is State.SUCCEEDED for world in found.worlds], before)
    hopeless = (number for number, hope in enumerate(hopeful) if not hope)
    return next((number for number in hopeless if may_succeed(found.worlds[number], job, found.rules)), None)


def _can_reach(goals: list[bool], before: list[list[int]]) -> list[bool]:
    """Of each world, whether a goal can be reached from it: backwards from the goals."""
    reached = list(goals)
    todo = [number for number, goal in enumerate(goals) if goal]
    while todo:
        for number in before[todo.pop()]:
            if not reached[number]:
                reached[number] = True
                todo.append(number)
    return reached


def may_go_on(circle: set[int], kept: list[Ways]) -> bool:
    """Whether one may stay in here for ever and break no promise: each is kept in here, or impossible at times."""
    always = set.intersection(*({promise for promise, _ in kept[number]} for number in circle))
    kept_here = {promise for number in circle for promise, after in kept[number] if after in circle}
    return always <= kept_here
