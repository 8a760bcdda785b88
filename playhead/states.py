"""The states of a job and the steps between them."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    """For a dependency, or for a due time."""
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The dead letter: kept, and runnable again by hand."""
    CANCELED = "canceled"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    """Not begun before its ``expires_at``."""


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELED, State.SKIPPED, State.EXPIRED})
PENDING = frozenset({State.WAITING, State.QUEUED})

STEPS: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.QUEUED, State.CANCELED, State.SKIPPED, State.EXPIRED}),
    State.QUEUED: frozenset({State.RUNNING, State.CANCELED, State.SKIPPED, State.EXPIRED}),
    # To waiting on a retry that backs off, to queued when given back, rescued or retried at once.
    State.RUNNING: frozenset({State.SUCCEEDED, State.FAILED, State.CANCELED, State.WAITING, State.QUEUED}),
    State.SUCCEEDED: frozenset(),
    # By hand: retry.
    State.FAILED: frozenset({State.QUEUED, State.WAITING}),
    State.CANCELED: frozenset({State.QUEUED, State.WAITING}),
    State.SKIPPED: frozenset({State.QUEUED, State.WAITING}),
    State.EXPIRED: frozenset({State.QUEUED, State.WAITING}),
}
"""Every legal step. Anything else is a bug."""


class Priority(StrEnum):
    """How soon a job is looked at, among those of its queue."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"

    @property
    def rank(self) -> int:
        """Larger goes first."""
        return RANKS[self]

    @classmethod
    def of(cls, rank: int) -> Priority:
        """The priority of a rank."""
        return next(priority for priority, known in RANKS.items() if known == rank)


RANKS = {Priority.LOW: -10, Priority.NORMAL: 0, Priority.HIGH: 10, Priority.URGENT: 20}
