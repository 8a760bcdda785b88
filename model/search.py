"""Breadth first through all that can be reached: the first broken rule is found by a shortest way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from model.canonical import canonical
from model.invariants import broken_rule
from model.rules import Rules, Trouble
from model.step import Promise
from model.steps import steps
from model.world import Job, Worker, World

Ways = list[tuple[Promise, int]]


@dataclass
class Searched:
    """What a search saw.

    Attributes:
        worlds: all worlds, in the order in which they were found; the place is the world's number.
        ways: of each world, the steps that lead out of it and the numbers of the worlds they lead to.
        came_from: of each world, the number of the one it was found from.
        broken: the rule that the last world breaks.
    """

    rules: Rules
    worlds: list[World] = field(default_factory=list)
    ways: list[Ways] = field(default_factory=list)
    came_from: list[int] = field(default_factory=list)
    broken: str | None = None
    seconds: float = 0.0

    @property
    def transitions(self) -> int:
        """How many steps were tried."""
        return sum(map(len, self.ways))


def start(rules: Rules) -> World:
    """Jobs that were just submitted, workers that wait."""
    job = Job(expires="in time" if Trouble.EXPIRY in rules.may else "")
    return canonical(World((job,) * rules.jobs, (Worker(),) * rules.workers), rules)


def search(rules: Rules) -> Searched:
    """Everything that can be reached, or all up to the first world that breaks a rule."""
    began = time.monotonic()
    found = Searched(rules, [start(rules)], came_from=[-1])
    numbers = {found.worlds[0]: 0}
    for number, world in enumerate(found.worlds):  # It grows meanwhile.
        ways: Ways = []
        found.ways.append(ways)
        for promise, after in _after(world, rules):
            known = numbers.setdefault(after, len(found.worlds))
            ways.append((promise, known))
            if known == len(found.worlds):
                found.worlds.append(after)
                found.came_from.append(number)
                found.broken = broken_rule(after, rules)
                if found.broken:
                    found.seconds = time.monotonic() - began
                    return found
    found.seconds = time.monotonic() - began
    return found


def _after(world: World, rules: Rules) -> Iterator[tuple[Promise, World]]:
    for step in steps(world, rules):
        yield step.promise, canonical(step.after, rules)
