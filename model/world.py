"""The state of the small world: jobs with their tickets, workers with their looks. Immutable, hashable, comparable."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from playhead.states import State

ENOUGH = 2
"""Tickets of one job that are counted apart: more than these behave like these."""


class Job(NamedTuple):
    """A row of the ledger, its tickets, and what only the model remembers.

    Attributes:
        lease: the token that holds it; 0 for none.
        stored: parts that are safe in the checkpoint.
        due: whether it waits for a time.
        expires: whether it must begin in time, and whether that time is over.
        todo: tickets that wait to be fetched.
        stranded: whether tickets are left that were fetched by workers that are no more: one replaces them all.
        begun: runs that were begun since the last retry and not given back: what ``attempt`` should be.
        successes: how often its outputs were written.
        broken: the rule that the last step broke.
    """

    state: State = State.QUEUED
    lease: int = 0
    attempt: int = 0
    stored: int = 0
    due: bool = False
    started: bool = False
    expires: str = ""
    todo: int = 1
    stranded: bool = False
    begun: int = 0
    successes: int = 0
    broken: str = ""


class Phase(StrEnum):
    """How far a look is. After the claim it is a run."""

    FETCHED = "fetched"
    WORKING = "working"
    SUCCESS = "success"
    TRANSIENT = "failure"
    PERMANENT = "failure for good"
    GIVE_BACK = "giving back"
    BROKE = "ticket to be put back"
    LOOKED = "ticket to be deleted"


OUTCOMES = frozenset({Phase.SUCCESS, Phase.TRANSIENT, Phase.PERMANENT, Phase.GIVE_BACK})
RUNS = OUTCOMES | {Phase.WORKING}
IN_HAND = RUNS | {Phase.FETCHED}


class Look(NamedTuple):
    """What a worker does with one ticket.

    Attributes:
        job: which job, from 0.
        ticket: whether the ticket is still its own.
        done: parts that are done, stored or not.
        charged: whether its end was written: its cost is in the ledger.
        unsure: whether it tried to claim before and had no answer: it may have claimed, and it may not.
    """

    job: int
    phase: Phase = Phase.FETCHED
    ticket: bool = True
    lease: int = 0
    attempt: int = 0
    done: int = 0
    charged: bool = False
    unsure: bool = False


Held = tuple[tuple[int, int], ...]
"""Leases, with their jobs."""


class Beat(NamedTuple):
    """A heartbeat between what it read and what it does about it.

    Attributes:
        looked_at: leases that were worked under before it read.
        held: as the ledger knew it; once it chose, what it will take back.
    """

    looked_at: tuple[int, ...]
    held: Held
    chosen: bool = False


class Worker(NamedTuple):
    """A worker process.

    Attributes:
        ours: leases that the ledger knows as this worker's.
        left: tickets that it could not end so far: their jobs, and whether they are to be put back.
    """

    looks: tuple[Look, ...] = ()
    ours: tuple[int, ...] = ()
    left: tuple[tuple[int, bool], ...] = ()
    beat: Beat | tuple[()] = ()
    frozen: bool = False
    stopping: bool = False


class World(NamedTuple):
    """All of it."""

    jobs: tuple[Job, ...]
    workers: tuple[Worker, ...]
    paused: bool = False

    def job(self, number: int, job: Job) -> World:
        """The world with this job changed."""
        return self._replace(jobs=(*self.jobs[:number], job, *self.jobs[number + 1 :]))

    def worker(self, number: int, worker: Worker) -> World:
        """The world with this worker changed."""
        return self._replace(workers=(*self.workers[:number], worker, *self.workers[number + 1 :]))

    def look(self, worker: int, place: int, look: Look | None) -> World:
        """The world with this look changed, or ended."""
        old = self.workers[worker]
        looks = (*old.looks[:place], *([look] if look else []), *old.looks[place + 1 :])
        return self.worker(worker, old._replace(looks=looks))
