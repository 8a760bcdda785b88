"""What must hold of the processes, and of what was lost with them."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chaos.causes import FREEZES, NEAR_SECONDS
from chaos.figures import Unexplained
from chaos.lag import Lag
from chaos.monkey import Done
from chaos.process import Life
from chaos.verdict import Verdict

OWN = {"term", "term_twice", "kill", "poison"}
"""Faults that concern no process but the one that they end."""


def check_lives(lives: Mapping[str, Sequence[Life]], verdict: Verdict) -> None:
    """No process ended that nobody ended, and each that was asked to end did so well and in time."""
    for name, own in lives.items():
        for life in own:
            verdict.note("processes", _bad_end(name, life))


def _bad_end(name: str, life: Life) -> Iterator[str]:
    killed = life.status == -signal.SIGKILL and (life.was_sent(signal.SIGKILL) or life.poisoned)
    left = life.status == 0 and life.was_sent(signal.SIGTERM)
    if life.stuck:
        yield f"{name} (pid {life.pid}) did not end after SIGTERM: {life.log}: {life.last_words()}"
    elif not (killed or left or _unborn(life)):
        yield f"{name} (pid {life.pid}) ended with {life.status}: {life.log}: {life.last_words()}"


@dataclass(frozen=True)
class Lost:
    """A run that its worker lost: ``at`` is when, as a POSIX time, and ``life`` the worker's."""

    job_id: UUID
    lease: int
    at: float
    life: Life


def check_given_back(lost: Sequence[Lost], done: Sequence[Done], lag: Lag, verdict: Verdict) -> None:
    """A worker that was asked to stop and did gave back all that it had: none of it cost an attempt.

    Where another fault was near, it is not held against the worker: it may have been cut off from the ledger. Nor
    where the harness came late, through which it speaks to it: its grace is short.
    """
    verdict.checked["given_back"] += len(lost)
    for one in lost:
        asked = [at for at, number in one.life.sent if number is signal.SIGTERM]
        if one.life.status != 0 or not asked or one.at <= asked[0]:
            continue
        excused = _disturbed(one.life, asked[0], done) or lag.was_late(asked[0], one.life.ended or one.at)
        if not excused:
            text = f"lease {one.lease} was lost with {one.life.log}, which was asked to stop and did"
            verdict.note("given_back", [text], job_id=one.job_id, count=0)


def _disturbed(life: Life, asked: float, done: Sequence[Done]) -> bool:
    until = life.ended or asked
    near = [one for one in done if one.began < until and (one.ended or until) > asked - NEAR_SECONDS]
    hits = [one for one in near if one.fault.name in FREEZES or one.life is None or one.life is life]
    return any(one.fault.name not in OWN for one in hits)


def check_unexplained(unexplained: Sequence[Unexplained], lost: int, lag: Lag, verdict: Verdict) -> None:
    """No run was lost without a fault near it. ``lost``: how many runs were, in all.

    Where the harness itself came late, it is not held against Playhead: the heartbeats go through the harness.
    """
    verdict.checked["unexplained"] += lost
    for one in unexplained:
        if not lag.was_late(one.began - NEAR_SECONDS, one.ended):
            verdict.note("unexplained", [one.text], job_id=one.job_id, count=0)


def _unborn(life: Life) -> bool:
    """Asked to stop before it had said a word: it could not yet know what that means."""
    return life.status == -signal.SIGTERM and life.was_sent(signal.SIGTERM) and life.log.stat().st_size == 0
