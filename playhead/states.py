"""The states of a job, and all that may take it from one to another. docs/states.md is made of this."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    """For a dependency, for a due time, or for another job that does the same work."""
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


class Actor(StrEnum):
    """Who takes a job from one state to another."""

    CLIENT = "client"
    """Whoever owns the job, or acts for its owner."""
    WORKER = "worker"
    """Any worker, with a ticket for the job."""
    RUN = "run"
    """The run that holds the job's lease, and no other: fenced."""
    HOUSEKEEPING = "housekeeping"
    """Any worker, for jobs of all, as time passes."""
    LEDGER = "ledger"
    """Nobody: it follows from what happens to another job, in the same transaction."""


class Attempt(StrEnum):
    """What a transition does to the count of attempts."""

    KEPT = "kept"
    COUNTED = "+1"
    RETURNED = "-1"
    RESET = "0"


@dataclass(frozen=True)
class Transition:
    """One thing that may happen to a job.

    Attributes:
        before: the states it may happen in; none for a job that is not there yet.
        after: the state it leads to; None for a job that is there no more.
        when: what it takes, besides the state.
    """

    name: str
    before: frozenset[State]
    after: State | None
    by: Actor
    when: str
    attempt: Attempt = Attempt.KEPT

    @property
    def fenced(self) -> bool:
        """Whether only the run that holds the lease can do it; any other changes nothing and is told that it lost."""
        return self.by is Actor.RUN

    @property
    def takes_lease(self) -> bool:
        """Whether a new lease begins with it: one larger than any before it."""
        return self.after is State.RUNNING

    @property
    def ends_lease(self) -> bool:
        """Whether a run that holds the job loses it."""
        return State.RUNNING in self.before

    @property
    def issues_ticket(self) -> bool:
        """Whether a ticket is written with it, in the same transaction."""
        return self.after is State.QUEUED


_NOTHING: frozenset[State] = frozenset()
_UNSUCCESSFUL = TERMINAL - {State.SUCCEEDED}


def _from(*states: State) -> frozenset[State]:
    return frozenset(states)


SUBMIT = Transition(
    "submit", _NOTHING, State.QUEUED, Actor.CLIENT, "it is due, and all that it waits for has succeeded"
)
SUBMIT_TO_WAIT = Transition("submit to wait", _NOTHING, State.WAITING, Actor.CLIENT, "it is not due, or waits for jobs")
ANSWER_AT_SUBMIT = Transition(
    "answer at submit",
    _NOTHING,
    State.SUCCEEDED,
    Actor.CLIENT,
    "it could begin, and another job has done the same",
)
COME_DUE = Transition(
    "come due", _from(State.WAITING), State.QUEUED, Actor.HOUSEKEEPING, "its `run_at` is over, and it waits for no job"
)
DEPENDENCY_MET = Transition(
    "dependency met", _from(State.WAITING), State.QUEUED, Actor.LEDGER, "the last job it waited for succeeds; it is due"
)
CLAIM = Transition(
    "claim",
    _from(State.QUEUED),
    State.RUNNING,
    Actor.WORKER,
    "its queue is not paused; it has begun before, or its `expires_at` is to come",
    Attempt.COUNTED,
)
SUCCEED = Transition("succeed", _from(State.RUNNING), State.SUCCEEDED, Actor.RUN, "the work is done")
FAIL = Transition(
    "fail for good", _from(State.RUNNING), State.FAILED, Actor.RUN, "a permanent error, or the last attempt"
)
BACK_OFF = Transition(
    "back off", _from(State.RUNNING), State.WAITING, Actor.RUN, "a transient error, and attempts are left"
)
GIVE_BACK = Transition("give back", _from(State.RUNNING), State.QUEUED, Actor.RUN, "the worker stops", Attempt.RETURNED)
ANSWER = Transition(
    "answer", _from(State.RUNNING), State.SUCCEEDED, Actor.RUN, "another job has done the same work", Attempt.RETURNED
)
FOLLOW = Transition(
    "follow", _from(State.RUNNING), State.WAITING, Actor.RUN, "another job is doing the same work", Attempt.RETURNED
)
SHARE = Transition(
    "share",
    PENDING,
    State.SUCCEEDED,
    Actor.LEDGER,
    "the job that it follows, or that does the same while it is queued, succeeds",
)
SHARE_FAILURE = Transition(
    "share failure", _from(State.WAITING), State.FAILED, Actor.LEDGER, "the job that it follows fails for good"
)
TAKE_OVER = Transition(
    "take over",
    _from(State.WAITING),
    State.QUEUED,
    Actor.LEDGER,
    "the job that it follows ends in any other way, and it is the first of those that do",
)
RESCUE = Transition(
    "rescue",
    _from(State.RUNNING),
    State.QUEUED,
    Actor.HOUSEKEEPING,
    "its worker fell silent, has ended, or does not do it, or its `timeout_seconds` are over; attempts are left",
)
RESCUE_AT_LAST = Transition(
    "rescue at last attempt", _from(State.RUNNING), State.FAILED, Actor.HOUSEKEEPING, "the same; none is left"
)
CANCEL = Transition("cancel", PENDING | {State.RUNNING}, State.CANCELED, Actor.CLIENT, "at any time")
SKIP = Transition("skip", PENDING, State.SKIPPED, Actor.CLIENT, "at any time")
EXPIRE = Transition(
    "expire", PENDING, State.EXPIRED, Actor.HOUSEKEEPING, "its `expires_at` is over, and it was never begun"
)
DEPENDENCY_FAILED = Transition(
    "dependency failed",
    _from(State.WAITING),
    State.CANCELED,
    Actor.LEDGER,
    "a job it waits for, at any distance, ends without success",
)
REVIVE = Transition(
    "revive",
    _from(State.CANCELED),
    State.WAITING,
    Actor.LEDGER,
    "it was canceled by `dependency failed`; the job to blame is retried, and no other is left to blame",
)
RETRY = Transition(
    "retry", _UNSUCCESSFUL, State.QUEUED, Actor.CLIENT, "all that it waits for has succeeded", Attempt.RESET
)
RETRY_TO_WAIT = Transition(
    "retry to wait",
    _UNSUCCESSFUL - {State.FAILED},
    State.WAITING,
    Actor.CLIENT,
    "some of what it waits for has not ended, the rest has succeeded",
    Attempt.RESET,
)
DELETE = Transition("delete", TERMINAL, None, Actor.CLIENT, "it is in no batch, or goes with its batch")
FORGET = Transition(
    "forget",
    TERMINAL,
    None,
    Actor.HOUSEKEEPING,
    "it, and all of a batch that it is in, ended longer ago than `PLAYHEAD_RETENTION__JOBS_SECONDS`",
)

TRANSITIONS = (
    SUBMIT,
    SUBMIT_TO_WAIT,
    ANSWER_AT_SUBMIT,
    COME_DUE,
    DEPENDENCY_MET,
    CLAIM,
    SUCCEED,
    FAIL,
    BACK_OFF,
    GIVE_BACK,
    ANSWER,
    FOLLOW,
    SHARE,
    SHARE_FAILURE,
    TAKE_OVER,
    RESCUE,
    RESCUE_AT_LAST,
    CANCEL,
    SKIP,
    EXPIRE,
    DEPENDENCY_FAILED,
    REVIVE,
    RETRY,
    RETRY_TO_WAIT,
    DELETE,
    FORGET,
)
"""All that may happen to jobs. Anything else is a bug."""

FIRST = frozenset(step.after for step in TRANSITIONS if not step.before and step.after)
"""The states that a job begins in."""

STEPS: dict[State, frozenset[State]] = {
    state: frozenset(step.after for step in TRANSITIONS if state in step.before and step.after) for state in State
}
"""Every legal step from one state to the next."""


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

LARGEST_BASE = 900
"""Of an owner's tier, either way: what is added to the rank of each of their jobs."""
FIRST_BASE = 950
"""Of jobs that go ahead of every tier. Less than what aging gives to the oldest ticket, which goes ahead of all."""
