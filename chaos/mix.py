"""What clients ask for: a mix of kinds and sizes, drawn from one seed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from chaos.contents import SIZES_BYTES
from chaos.diary import Asked, Batch
from chaos.stack import LOST_AFTER_SECONDS

OUTPUTS = {"transcribe": "transcript.txt", "chaos_quick": "digest.txt", "chaos_long": "digest.txt"}
"""An output of each kind that other jobs may work on."""
KINDS = {
    "chaos_quick": 34,
    "chaos_many": 14,
    "chaos_long": 22,
    "chaos_flaky": 9,
    "chaos_wrong": 5,
    "transcribe": 15,
    "chaos_block": 1,
}
"""Shares, in percent."""
BUILT = 0.2
"""Share of the requests that build on earlier jobs; of these, ``FED`` work on what one of them made."""
FED = 0.6
CHAINED, SIZES = 0.8, (2, 2, 3, 3, 5, 8)
"""Of graphs: the share of the jobs that build on others, and how many there may be."""
BLOCK_SECONDS = 1.5 * LOST_AFTER_SECONDS
LATER, EXPIRING = 0.06, 0.06
"""Shares with a ``run_at``, and with a deadline."""


class Mix:
    """Requests without end."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"mix {seed}")
        self._count = 0

    def next_batch(self) -> Batch:
        """A graph, whose jobs build on those before them more often than not."""
        jobs = [self.next(())]
        for _ in range(self._random.choice(SIZES) - 1):
            jobs.append(self.next(jobs[-3:], built=CHAINED))
        return Batch(f"batch-{jobs[0].key}", tuple(jobs))

    def next(self, recent: Sequence[Asked], *, built: float = BUILT) -> Asked:
        """A request; it may build on some of the ``recent``, with this probability."""
        random = self._random
        self._count += 1
        kind = random.choices(list(KINDS), list(KINDS.values()))[0]
        asked = Asked(f"k{self._count:07d}", kind, self._params(kind), random.randrange(len(SIZES_BYTES)))
        asked.priority = random.choice(("low", "normal", "normal", "high", "urgent"))
        asked.max_attempts = random.choice((1, 2, None, None, None, 6, 6))
        self._time(asked)
        if recent and random.random() < built:
            self._build_on(asked, recent)
        return asked

    def _params(self, kind: str) -> dict[str, Any]:
        random = self._random
        if kind == "transcribe":
            return random.choice(({}, {"language": "en"}, {"word_timestamps": False}))
        params: dict[str, Any] = {"salt": f"s{self._count}"}
        if kind == "chaos_long":
            steps, step_seconds = random.choice(((4, 0.2), (10, 0.3), (10, 0.5), (30, 0.3)))
            params |= {"steps": steps, "step_seconds": step_seconds, "keep_every": random.choice((1, 1, 5))}
        if kind == "chaos_block":
            params["step_seconds"] = BLOCK_SECONDS
        if kind == "chaos_many":
            params["outputs"] = random.randrange(2, 7)
        if kind == "chaos_flaky":
            params["failures"] = random.choice((1, 1, 1, 2, 9))
        return params

    def _time(self, asked: Asked) -> None:
        chance = self._random.random()
        if chance < LATER:
            asked.run_at = round(time.time() + self._random.uniform(1, 12), 3)
        elif chance < LATER + EXPIRING:
            asked.expires_in_seconds = round(self._random.choice((0.05, 1, 5, 30)), 2)

    def _build_on(self, asked: Asked, recent: Sequence[Asked]) -> None:
        chosen = self._random.sample(recent, min(len(recent), self._random.choice((1, 1, 2, 3))))
        asked.needs = tuple(sorted(one.key for one in chosen))
        source = chosen[0]
        if source.kind in OUTPUTS and asked.kind != "transcribe" and self._random.random() < FED:
            asked.takes, asked.content = (source.key, OUTPUTS[source.kind]), None


def body(asked: Asked, file_id: str | None, ids: dict[str, str]) -> dict[str, Any]:
    """The request's JSON. ``ids``: of the jobs, by their keys."""
    made: dict[str, Any] = {"kind": asked.kind, "params": asked.params, "priority": asked.priority}
    made["input"] = {"job": ids[asked.takes[0]], "output": asked.takes[1]} if asked.takes else {"file": file_id}
    made["after"] = [ids[key] for key in asked.needs if not (asked.takes and key == asked.takes[0])]
    if asked.max_attempts is not None:
        made["max_attempts"] = asked.max_attempts
    if asked.run_at is not None:
        made["run_at"] = datetime.fromtimestamp(asked.run_at, UTC).isoformat()
    if asked.expires_in_seconds is not None:
        made["expires_in_seconds"] = asked.expires_in_seconds
    made["metadata"] = {"key": asked.key}
    return made
