"""Every step that is possible from a world."""

from __future__ import annotations

from collections.abc import Iterator

from model.hearts import beats
from model.house import people, sweeps
from model.looks import fetches, goes_on
from model.rules import Rules
from model.step import Step
from model.tickets import ends_left
from model.trouble import leaves, troubles
from model.world import World


def steps(world: World, rules: Rules) -> Iterator[Step]:
    """All of them; those that change nothing are left out."""
    for step in _all(world, rules):
        if step.after != world:
            yield step


def _all(world: World, rules: Rules) -> Iterator[Step]:
    for w, worker in enumerate(world.workers):
        if not worker.frozen:
            yield from fetches(world, rules, w)
            for place in range(len(worker.looks)):
                yield from goes_on(world, rules, w, place)
            yield from ends_left(world, rules, w)
            yield from beats(world, rules, w)
            yield from leaves(world, w)
        yield from troubles(world, rules, w)
    yield from sweeps(world, rules)
    yield from people(world, rules)
