"""What a search may do: how big its world is, what may go wrong in it, and which guard is taken away."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Trouble(StrEnum):
    """What may happen at any time and any number of times, without anybody's promise that it will."""

    CRASH = "a worker dies; another takes its place"
    FREEZE = "a worker stops for any time, and may go on"
    SIGTERM = "a worker is told to stop, gives back what it holds, and another takes its place"
    ANSWER_LOST = "a commit happens and nobody hears of it"
    REFUSED = "a claim cannot reach the database"
    UNWRITTEN = "the end of a run cannot be written: the look breaks"
    LEFT = "a ticket can neither be deleted nor put back for a while"
    LET_GO = "a fetch loop breaks and puts its tickets back, or the server dies and forgets the fetch; its runs go on"
    LATE = "a living worker is slow: it is taken for dead or its attempt for too long, its tickets for lost"
    BAD_INPUT = "the work fails for good"
    SLOW_HEART = "anything may happen between what a heart reads, what it chooses to take back, and the taking back"
    CANCEL = "a person cancels a job that has not ended, or skips one that has not begun"
    RETRY = "a person retries a job that ended without success"
    PAUSE = "a person pauses the queue; it will be resumed"
    EXPIRY = "the job has an expires_at, and it passes"


class Guard(StrEnum):
    """What keeps the promise. Taken away one by one, each is seen to be needed."""

    CLAIM_STATE = "a claim takes a job only where state = 'queued'"
    CLAIM_PAUSED = "a claim takes nothing from a paused queue"
    CLAIM_IN_TIME = "a claim takes nothing after its expires_at"
    TAKEN_UP_ALONE = "a claim whose answer was lost is taken up only by a look that has the job alone in its process"
    TAKEN_UP_UNCHOSEN = "a look takes up no lease that the heart chose to take back"
    FRESH_LEASE = "each claim takes a new token"
    COUNTED_AT_CLAIM = "an attempt is counted when it begins, not when it ends"
    FENCED_SETTLE = "a success or a failure is written only by the lease that holds the job"
    FENCED_GIVE_BACK = "a job is given back only by the lease that holds it"
    FENCED_CHECKPOINT = "a checkpoint is written only by the lease that holds the job"
    FENCED_TAKE_BACK = "the heart takes back the lease that it read of, not whatever holds the job now"
    FROM_CHECKPOINT = "a run goes on from the last checkpoint"
    FENCE_ON_STATE = "the fence asks for state = 'running' too"
    LEASE_RELEASED = "the lease is taken off the job's row whenever it leaves `running`"
    ONE_SETTLE = "outputs, cost and state are one transaction"
    ENDED_STAYS = "only a job that has not ended can be canceled"
    SUCCESS_STAYS = "a job that succeeded cannot be retried"
    LAST_ATTEMPT = "a failure in the last attempt is a dead letter"
    LAST_RESCUE = "a rescue in the last attempt is a dead letter"
    GIVEN_BACK_FREE = "a job given back gets its attempt back"
    ONE_ISSUE = "a ticket is written in the transaction that makes its job runnable"
    SPENT_AFTER_LOOK = "a ticket is deleted when the work is done or there was none, not when it is fetched"
    PUT_BACK = "a ticket whose look broke is put back"
    LEFT_ENDED = "a ticket that could not be ended is ended with a later heartbeat of its loop"
    RESUME_ISSUES = "resuming a queue writes tickets for what is queued in it"
    RESCUE = "jobs of silent workers are taken back"
    TAKE_BACK = "a living worker takes back what it holds but does not do"
    REISSUE_STRANDED = "tickets in the hands of dead workers are replaced"
    REISSUE_MISSING = "a queued job without a ticket gets one"
    QUEUE_DUE = "jobs whose back-off is over are queued"
    EXPIRE = "late jobs are ended"
    IN_HAND = "the heart leaves alone what is between its claim and its work, or its work and its settling"
    LOOKED_AT = "the heart ends only runs that began before it read the ledger"


@dataclass(frozen=True)
class Rules:
    """One world to search.

    Attributes:
        places: looks that one worker may have in flight.
        parts: checkpoints on the way of one job.
        may: what may go wrong.
        without: the guards that are taken away.
    """

    workers: int = 2
    places: int = 1
    jobs: int = 1
    max_attempts: int = 2
    parts: int = 1
    may: frozenset[Trouble] = frozenset()
    without: frozenset[Guard] = field(default_factory=frozenset)

    def keep(self, guard: Guard) -> bool:
        """Whether the guard stands."""
        return guard not in self.without
