"""What must hold of the processes, and of what was lost with them."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from chaos.monkey import Done
from chaos.process import Life
from chaos.verdict import Verdict

NEAR_SECONDS = 10.0
OWN = {"term", "term_twice", "kill", "poison"}
"""Faults that concern no process but the one that they end."""


def check_lives(lives: Mapping[str, Sequence[Life]], stuck: Sequence[str], verdict: Verdict) -> None:
    """No process ended that nobody ended, and each that was asked to end did so well and in time."""
    for name, own in lives.items():
        for life in own:
            verdict.note("processes", _bad_end(name, life))
    verdict.note("processes", stuck)


def _bad_end(name: str, life: Life) -> Iterator[str]:
    told = f"{name} (pid {life.pid}) ended with {life.status}: {life.log}"
    killed = life.was_sent(signal.SIGKILL) or life.poisoned
    left = life.status == 0 and life.was_sent(signal.SIGTERM)
    if not (killed or left or _unborn(life)):
        yield told


@dataclass(frozen=True)
class Lost:
    """A run that its worker lost: ``at`` is when, as a POSIX time, and ``life`` the worker's."""

    job_id: UUID
    lease: int
    at: float
    life: Life


def check_given_back(lost: Sequence[Lost], done: Sequence[Done], verdict: Verdict) -> None:
    """A worker that was asked to stop and did gave back all that it had: none of it cost an attempt.

    Where another fault was near, it is not held against the worker: it may have been cut off from the ledger.
    """
    verdict.checked["given_back"] += len(lost)
    for one in lost:
        asked = [at for at, number in one.life.sent if number is signal.SIGTERM]
        if one.life.status == 0 and asked and one.at > asked[0] and not _disturbed(one.life, asked[0], done):
            text = f"lease {one.lease} was lost with {one.life.log}, which was asked to stop and did"
            verdict.note("given_back", [text], job_id=one.job_id, count=0)


def _disturbed(life: Life, asked: float, done: Sequence[Done]) -> bool:
    until = life.ended or asked
    near = [one for one in done if one.began < until and (one.ended or until) > asked - NEAR_SECONDS]
    return any(one.fault.name not in OWN and (one.life is None or one.life is life) for one in near)


def _unborn(life: Life) -> bool:
    """Asked to stop before it had said a word: it could not yet know what that means."""
    return life.status == -signal.SIGTERM and life.was_sent(signal.SIGTERM) and life.log.stat().st_size == 0
