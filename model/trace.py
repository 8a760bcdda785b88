"""A shortest way to a world, in words."""

from __future__ import annotations

from collections.abc import Iterator

from model.canonical import canonical, forgetful
from model.search import Searched, start
from model.steps import steps


def trace(found: Searched, number: int) -> list[str]:
    """The steps from the start to this world, one line each."""
    return list(_told(found, _numbers(found, number)))


def _numbers(found: Searched, number: int) -> list[int]:
    way = [number]
    while found.came_from[way[-1]] >= 0:
        way.append(found.came_from[way[-1]])
    return way[-2::-1]


def _told(found: Searched, way: list[int]) -> Iterator[str]:
    # Walked again with names that stay: in the search, workers that behave alike have none.
    world, rules = start(found.rules), found.rules
    for place, number in enumerate(way, 1):
        step = next(step for step in steps(world, rules) if canonical(step.after, rules) == found.worlds[number])
        world = forgetful(step.after, rules)
        jobs = ", ".join(f"{job.state} attempt {job.attempt} lease {job.lease or '-'}" for job in world.jobs)
        yield f"{place:3}. {step.what}  [{jobs}]"
