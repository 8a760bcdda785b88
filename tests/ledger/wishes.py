"""What may be wished for in a course of things, and what it comes to there."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from playhead.errors import EngineCrashedError, MediaUnreadableError
from playhead.ledger.run import Run
from playhead.states import CANCEL, DELETE, RETRY, SKIP, TERMINAL, State, Transition
from tests.ledger.acts import Act, Claim, Fail, GiveBack, Operate, Pause, Report, Submit, Succeed
from tests.ledger.course import WORKERS, Course
from tests.ledger.passing import (
    DropOldJobs,
    ExpireLate,
    QueueDue,
    Reissue,
    RescueDropped,
    RescueLost,
    RescueOverdue,
    Silence,
    TimePasses,
)
from tests.ledger.reference import OUTPUT

JOBS = 8
STEADY, PAUSED = "gpu", "cpu"

WRITES: list[Callable[[Run], Act]] = [
    Succeed,
    Succeed,
    Report,
    GiveBack,
    partial(Fail, error=EngineCrashedError("boom")),
    partial(Fail, error=MediaUnreadableError("broken")),
    RescueDropped.of,
]


Choose = Callable[[random.Random], Any]


def one_of(*values: Any) -> Choose:
    return lambda dice: dice.choice(values)


def some(dice: random.Random) -> int:
    """Which of what there is."""
    return dice.randrange(1000)


Wanted = Callable[..., Awaitable[Act | None]]


async def submit(course: Course, *, after: list[int], made_by: Any, **about: Any) -> Act | None:
    if len(course.jobs) >= JOBS:
        return None
    spec = {"queue": about["queue"], "max_attempts": about["attempts"], "idempotency_key": about["key"]}
    spec["after"] = [_job(course, which, set(State) - RETRY.before) for which in after if course.jobs]
    if made_by and course.jobs:
        spec["input"] = {"job": str(_job(course, made_by[0], set(State) - RETRY.before)), "output": made_by[1]}
    spec["run_at"] = datetime.now(UTC) + timedelta(hours=1) if about["later"] else None
    spec["timeout_seconds"] = 60 if about["limited"] else None
    spec["expires_in_seconds"] = 3600 if about["expires"] else None
    course.specs += [spec] if about["key"] else []
    return Submit(spec)


async def submit_again(course: Course) -> Act | None:
    return Submit(course.specs[-1]) if course.specs else None


async def operate(course: Course, *, which: int, step: Transition) -> Act | None:
    return Operate(_job(course, which, step.before), step) if course.jobs else None


async def pause(_: Course, *, paused: bool) -> Act:
    return Pause(PAUSED, paused)


async def look(course: Course, *, which: int, ticket: str | None) -> Act | None:
    """A worker takes a ticket and acts on it. It may be one that nothing called for; or the worker dies with it."""
    stray = _job(course, which, set(State)) if ticket == "stray" and course.jobs else None
    fetched = await course.fetch(stray, stray=stray is not None)
    if fetched is None or ticket == "left behind":
        return None
    return Claim(fetched.job_id, course.workers[which % WORKERS], fetched.id)


async def write(course: Course, *, which: int, what: Callable[[Run], Act]) -> Act | None:
    """A run says something or ends: most often one that holds its job, else a zombie."""
    holds = [run for run in course.runs if course.reference.holds(run.job_id, run.lease)]
    runs = [*holds * 3, *course.runs[-3:]]
    return what(runs[which % len(runs)]) if runs else None


async def pass_time(course: Course, *, which: int) -> Act | None:
    """Something that time does, first of all what would matter now."""
    known = course.reference.jobs
    sweeps = [QueueDue(), ExpireLate(), RescueLost(), RescueOverdue(), DropOldJobs()]
    wanted = [sweep for sweep in sweeps if sweep.wanted(course.reference)]
    due = [TimePasses(job_id, "run_at") for job_id, job in known.items() if not job.due]
    held = {job.worker for job in known.values()}
    silent = [Silence(worker, worker not in course.reference.silent) for worker in course.workers if worker in held]
    late = [TimePasses(job_id, "expires_at") for job_id, job in known.items() if job.expires and not job.late]
    slow = [TimePasses(job_id, "started_at") for job_id, job in known.items() if job.lease and not job.overdue]
    old = [TimePasses(job_id, "finished_at") for job_id, job in known.items() if job.state in TERMINAL]
    stale = [TimePasses(job_id, "queued_at") for job_id in known]
    heard = [Silence(worker, silent=False) for worker in course.workers]
    acts = [*wanted * 4, *due * 2, *silent * 2, *late * 2, *slow, *old[:2], *stale[:1], *heard[:1], Reissue(), *sweeps]
    return acts[which % len(acts)] if known else None


def _job(course: Course, which: int, states: Collection[State]) -> UUID:
    """One of the jobs, most often in one of these states."""
    known = course.reference.jobs
    fitting = [job_id for job_id in course.jobs if job_id in known and known[job_id].state in states]
    jobs = [*fitting * 3, *course.jobs]
    return jobs[which % len(jobs)]


WISHES: dict[Wanted, tuple[int, dict[str, Choose]]] = {
    submit: (
        7,
        {
            "after": lambda dice: [some(dice) for _ in range(dice.choice([0, 0, 1, 1, 2]))],
            "made_by": lambda dice: (
                (some(dice), dice.choice([OUTPUT] * 5 + ["b.txt"])) if dice.random() < 0.2 else None
            ),
            "queue": one_of(STEADY, STEADY, PAUSED),
            "later": lambda dice: dice.random() < 0.2,
            "expires": lambda dice: dice.random() < 0.3,
            "limited": lambda dice: dice.random() < 0.3,
            "attempts": one_of(1, 2, 2),
            "key": one_of(*[None] * 6, "one", "two"),
        },
    ),
    submit_again: (1, {}),
    look: (8, {"which": some, "ticket": one_of(*[None] * 8, "stray", "left behind")}),
    write: (8, {"which": some, "what": one_of(*WRITES)}),
    operate: (4, {"which": some, "step": one_of(CANCEL, SKIP, RETRY, RETRY, DELETE)}),
    pause: (1, {"paused": lambda dice: dice.random() < 0.5}),
    pass_time: (5, {"which": some}),
}
"""What may be done, how often beside the others, and what has to be chosen for it."""


@dataclass(frozen=True)
class Wish:
    """What to do next, where it makes sense.

    Attributes:
        stop: before which statement the transaction is left open; none for it to be done at once.
        alone: what is under way comes to its end before.
    """

    what: Wanted
    chosen: dict[str, Any]
    stop: int | None
    alone: bool

    async def act(self, course: Course) -> Act | None:
        """What it comes to in this course; None where it makes no sense."""
        return await self.what(course, **self.chosen)

    def __repr__(self) -> str:
        return f"{self.what.__name__}({self.chosen}, stop={self.stop}, alone={self.alone})"


def wish(number: int) -> Wish:
    """One of all wishes, by its number."""
    dice = random.Random(number)  # noqa: S311 - dice
    (what,) = dice.choices(list(WISHES), weights=[weight for weight, _ in WISHES.values()])
    chosen = {name: choose(dice) for name, choose in WISHES[what][1].items()}
    stop = dice.choice([None, None, *range(8)]) if dice.random() < 0.5 else None
    return Wish(what, chosen, stop, alone=dice.random() < 0.1)
