"""A step from one world to the next."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from model.world import World


class Promise(StrEnum):
    """Who takes a step sooner or later, if it stays possible. What nobody promises may never happen."""

    NONE = "nobody"
    FETCH = "the fetch loops"
    LOOK = "the looks under way"
    LEFT = "the fetch loops' own heartbeats"
    BEAT = "the hearts"
    RESCUE = "the housekeeping that rescues"
    STRANDED = "the housekeeping that replaces stranded tickets"
    MISSING = "the housekeeping that replaces missing tickets"
    DUE = "the housekeeping that queues what is due"
    EXPIRE = "the housekeeping that expires"
    RESUME = "the person who paused the queue"


class Step(NamedTuple):
    """What happens, who promises it, and the world after it."""

    what: str
    promise: Promise
    after: World
