"""The plan of faults: what goes wrong when, all of it drawn from one seed before anything starts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

WORKERS = ("worker-1", "worker-2", "worker-3")
APIS = ("api-1", "api-2")
QUIET_SECONDS = 5.0
"""At the start, so that there is something to break."""
GAP_SECONDS = 5.0
"""Between faults, on average. A process that was killed takes seconds to come back."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        at_seconds: since the load began.
        name: which fault; :mod:`chaos.monkey` has a method for each.
        target: the process, or the part, that it happens to.
        seconds: how long it lasts; 0 for a blow.
        detail: what else the fault wants to know, e.g. the direction that is silent.
        share: 0 to 1, of what is there to be hit.
    """

    at_seconds: float
    name: str
    target: str
    seconds: float = 0.0
    detail: str = ""
    share: float = 1.0


@dataclass(frozen=True)
class Card:
    """How often a fault is dealt in a round, what to, and for how long."""

    name: str
    times: int
    targets: tuple[str, ...]
    seconds: tuple[float, float] = (0.0, 0.0)
    details: tuple[str, ...] = ("",)


DIRECTIONS = ("both, then on", "both, then cut", "answers, then on", "answers, then cut", "requests, then on")
DECK = (
    Card("kill", 3, WORKERS),
    Card("kill", 1, APIS),
    Card("stop", 2, WORKERS, (6, 10)),  # longer than the lease: it wakes up as a zombie
    Card("stop", 1, APIS, (3, 8)),
    Card("term", 2, WORKERS),
    Card("term", 1, APIS),
    Card("term_twice", 1, WORKERS),
    Card("restart", 1, ("postgres",), (0.2, 3), ("fast",)),
    Card("restart", 1, ("postgres",), (0.2, 3), ("immediate",)),
    Card("restart", 1, ("postgres",), (0.2, 3), ("kill",)),
    Card("backends", 2, ("playhead-tickets", "playhead-housekeeping", "playhead-worker", "playhead-heartbeat", "any")),
    Card("silence", 3, WORKERS, (5, 10), DIRECTIONS),
    Card("silence", 1, APIS, (3, 8), DIRECTIONS),
    Card("silence", 1, ("all",), (2, 7), DIRECTIONS),
    Card("cut", 1, (*WORKERS, *APIS), (1, 4)),
    Card("exhaust", 1, ("postgres",), (3, 7)),
    Card("lock", 1, ("postgres",), (2, 6)),
    Card("poison", 1, ("chaos_poison",)),
)


def make_plan(seed: int, seconds: float, *, mean_gap_seconds: float = GAP_SECONDS) -> list[Fault]:
    """The faults of a run, in the order of their times; all are over before the run is."""
    random = Random(f"faults {seed}")
    cards, plan, at = _cards(random), list[Fault](), QUIET_SECONDS
    while at < seconds:
        card = next(cards)
        lasts = round(random.uniform(*card.seconds), 2)
        share = round(random.uniform(0.2, 1.0), 2)
        fault = Fault(round(at, 2), card.name, random.choice(card.targets), lasts, random.choice(card.details), share)
        if at + lasts < seconds:
            plan.append(fault)
        at += random.expovariate(1 / mean_gap_seconds)
    return plan


def _cards(random: Random) -> Iterator[Card]:
    """Every card as often as it says, shuffled, and again: no fault stays out for long."""
    while True:
        deck = [card for card in DECK for _ in range(card.times)]
        random.shuffle(deck)
        yield from deck


def save(plan: list[Fault], path: Path) -> None:
    """Write the plan as JSON."""
    path.write_text(json.dumps([asdict(fault) for fault in plan], indent=1))


def load(path: Path) -> list[Fault]:
    """Read what :func:`save` wrote."""
    return [Fault(**item) for item in json.loads(path.read_text())]


def describe(plan: list[Fault], write: Callable[[str], None]) -> None:
    """A line for each fault."""
    for fault in plan:
        lasts = f" for {fault.seconds:.1f} s" if fault.seconds else ""
        detail = f" ({fault.detail})" if fault.detail else ""
        write(f"{fault.at_seconds:8.2f} s  {fault.name} {fault.target}{lasts}{detail}")
