"""Which faults happen when: rounds of all of them, drawn from one seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from bench.recovery.settings import LOST_AFTER_SECONDS

QUIET_SECONDS = 5.0
GAP_SECONDS = 12.0
"""Between faults: time enough to recover from one before the next."""
FROZEN_SECONDS = LOST_AFTER_SECONDS + 5.0
"""Longer than a silent worker is thought alive, and than it takes to notice."""
DOWN_SECONDS = 1.0


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, ``at_seconds`` after the load began."""

    name: str
    at_seconds: float


NAMES = {
    "kill": "SIGKILL of the busiest worker",
    "freeze": f"SIGSTOP of the busiest for {FROZEN_SECONDS:.0f} s",
    "term": "SIGTERM of the busiest",
    "backends": "every backend killed",
    "postgres": f"PostgreSQL killed, back after {DOWN_SECONDS:.0f} s",
}


def make_plan(seed: int, seconds: float) -> list[Fault]:
    """As many faults as fit into the time, every kind of them once a round; at least one round."""
    random = Random(f"recovery {seed}")  # noqa: S311 - dice
    rounds = max(1, int((seconds - QUIET_SECONDS) / (GAP_SECONDS * len(NAMES))))
    names = [name for _ in range(rounds) for name in random.sample(list(NAMES), len(NAMES))]
    return [Fault(name, QUIET_SECONDS + GAP_SECONDS * place + random.uniform(0, 2)) for place, name in enumerate(names)]
