"""Histories made up for the checker: a sound one, to be spoilt."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from uuid import UUID

from chaos.diary import Asked, Diary
from chaos.expected import File, Made
from chaos.history import Event, Job, Output
from chaos.kinds import STEP_DEVICE_SECONDS
from chaos.rules import RULES, Case
from chaos.verdict import Verdict
from playhead.states import State

JOB = UUID(int=1)
MADE = Made({"digest.txt": File("ab", 64)}, "cd", items=4)


@dataclass
class Story:
    """A history in the making: what is told comes out as the events of a job."""

    events: list[Event] = field(default_factory=list)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _held: tuple[int, int] = (0, 0)

    def step(
        self, state: State, attempt: int, *, lease: int | None = None, code: str | None = None, of: int | None = None
    ) -> Story:
        number = next(self._ids)
        self.events.append(Event(number, "state", attempt, lease, 1000.0 + number, state, code, of))
        return self

    def queued(self, attempt: int = 0, code: str | None = None, of: int | None = None) -> Story:
        return self.step(State.QUEUED, attempt, code=code, of=of)

    def claimed(self, lease: int, attempt: int = 1) -> Story:
        self._held = (lease, attempt)
        return self.step(State.RUNNING, attempt, lease=lease)

    def told(self, *items: int, lease: int | None = None) -> Story:
        held, attempt = self._held
        for item in items:
            number = next(self._ids)
            self.events.append(Event(number, "step", attempt, lease or held, 1000.0 + number, item=item))
        return self

    def lost(self, attempt: int = 1) -> Story:
        return self.queued(attempt, "worker_lost", attempt)

    def succeeded(self, attempt: int = 1) -> Story:
        return self.step(State.SUCCEEDED, attempt)


def sound() -> Story:
    """Lost once and then done: steps 1 and 2 by the first run, 3 and 4 by the second."""
    return Story().queued().claimed(7).told(1, 2).lost().claimed(9, attempt=2).told(3, 4).succeeded(attempt=2)


def job(story: Story, **changed: object) -> Job:
    """The row that goes with the story; ``changed`` columns lie."""
    last = next(event for event in reversed(story.events) if event.state is not None)
    assert last.state is not None
    done = last.state is State.SUCCEEDED
    row = Job(
        id=JOB,
        key="k1",
        kind="chaos_long",
        queue="cpu",
        state=last.state,
        attempt=last.attempt,
        max_attempts=3,
        lease=None,
        code=last.code,
        sha256=MADE.result if done else None,
        gpu_seconds=2 * STEP_DEVICE_SECONDS,
        audio_seconds=2.0,
        started_at=1005.0,
        expires_at=None,
        kept_by=None,
        outputs=[Output("digest.txt", "ab", 64)] if done else [],
        events=story.events,
    )
    for name, value in changed.items():
        setattr(row, name, value)
    return row


def asked(**changed: object) -> Asked:
    """What was asked for."""
    made = Asked("k1", "chaos_long", {"salt": "s", "steps": 4, "keep_every": 1}, 0, job_id=JOB)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def diary(*more: Asked) -> Diary:
    """Of clients that asked for this."""
    return Diary(asked={one.key: one for one in more or (asked(),)})


def broken(row: Job, *, by: Asked | None = None, seen: Diary | None = None, made: Made | None = MADE) -> set[str]:
    """The names of the rules that the job breaks."""
    case = Case(row, by or asked(), seen or diary(), made)
    return {rule.__name__ for rule in RULES if list(rule(case))}


def rules(found: Verdict) -> set[str]:
    """The names of the rules that were broken."""
    return {one.rule for one in found.violations}
