"""The small worlds that are searched. Each is about one way in which things come between each other."""

from __future__ import annotations

from model.rules import Rules, Trouble

WORLDS = {
    "two workers that die and freeze": Rules(
        may=frozenset({Trouble.CRASH, Trouble.FREEZE, Trouble.ANSWER_LOST}),
    ),
    "two workers, and a database that goes away": Rules(
        may=frozenset({Trouble.LATE, Trouble.ANSWER_LOST, Trouble.REFUSED, Trouble.UNWRITTEN}),
    ),
    "two workers, and people who cancel and retry": Rules(
        may=frozenset({Trouble.FREEZE, Trouble.CANCEL, Trouble.RETRY}),
    ),
    "one worker to which everything happens": Rules(
        workers=1,
        parts=2,
        may=frozenset(Trouble) - {Trouble.FREEZE, Trouble.SLOW_HEART, Trouble.CANCEL, Trouble.RETRY, Trouble.PAUSE},
    ),
    "one worker, a paused queue, a job that expires": Rules(
        workers=1,
        may=frozenset({Trouble.CRASH, Trouble.CANCEL, Trouble.RETRY, Trouble.PAUSE, Trouble.EXPIRY, Trouble.BAD_INPUT}),
    ),
    "one worker with two places, a slow heart, and a database that goes away": Rules(
        workers=1,
        places=2,
        may=frozenset(
            {Trouble.LATE, Trouble.ANSWER_LOST, Trouble.REFUSED, Trouble.UNWRITTEN, Trouble.SLOW_HEART},
        ),
    ),
    "one worker with two places that is told to stop, one attempt": Rules(
        workers=1,
        places=2,
        max_attempts=1,
        may=frozenset({Trouble.SIGTERM, Trouble.LET_GO, Trouble.LEFT, Trouble.REFUSED, Trouble.UNWRITTEN}),
    ),
    "two workers that are told to stop, one attempt": Rules(
        max_attempts=1,
        may=frozenset({Trouble.SIGTERM, Trouble.LET_GO, Trouble.LEFT, Trouble.ANSWER_LOST}),
    ),
    "two jobs, one worker that dies": Rules(
        workers=1, jobs=2, max_attempts=1, may=frozenset({Trouble.CRASH, Trouble.ANSWER_LOST})
    ),
}
"""Searched by ``make model``, in a minute."""
