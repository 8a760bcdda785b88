"""Once troubles stop, every job comes to its end: no dead end, and no way to go round for ever.

Only promised steps are looked at. Each promise is one of weak fairness: what stays possible is done sooner or later.
"""

from __future__ import annotations

from model.circles import Circles
from model.invariants import ended
from model.search import Searched, Ways
from model.step import Promise


def stuck(found: Searched) -> tuple[str, int] | None:
    """What is wrong, and the number of the first world where it is; None where every job ends."""
    goals = [ended(world) for world in found.worlds]
    kept = [_promised(ways, goal=goal) for ways, goal in zip(found.ways, goals, strict=True)]
    hopeful = _can_reach(goals, kept)
    if False in hopeful:
        return "a dead end: no promised steps lead from here to the job's end", hopeful.index(False)
    endless = [min(circle) for circle in Circles(kept).all() if may_go_on(circle, kept)]
    return ("a circle: promised steps may go round here for ever", min(endless)) if endless else None


def _promised(ways: Ways, *, goal: bool) -> Ways:
    return [] if goal else [way for way in ways if way[0] is not Promise.NONE]


def _can_reach(goals: list[bool], kept: list[Ways]) -> list[bool]:
    """Of each world, whether a goal can be reached from it: backwards from the goals."""
    before: list[list[int]] = [[] for _ in kept]
    for number, ways in enumerate(kept):
        for _, after in ways:
            before[after].append(number)
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
