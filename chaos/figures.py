"""Figures of a run: what was lost and done again, and how long recovery took."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from chaos.history import Job, Run
from chaos.monkey import Done
from chaos.process import Life

DEADLY = {"kill", "stop", "silence", "cut", "poison", "term", "term_twice"}
"""Faults that can cost a single worker its runs. The others are PostgreSQL's, and hit all."""
EARLY_SECONDS, CLOCK_SECONDS = 0.5, 5.0
"""A claim is logged soon after it is written; the two clocks may differ."""

MESSAGE_CHARACTERS = 120
SLOWEST = 5
_VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+(\.\d+)?")


@dataclass
class Figures:
    """Counted over all jobs.

    Attributes:
        ends: jobs by kind and end, e.g. ``chaos_long succeeded``.
        fates: runs by what became of them.
        errors: attempts that failed, by code.
        told, again: things told by runs, and those of them that were told before.
        waits: seconds from ``queued`` to claim, of first attempts.
        slowest: the longest of these, with their jobs.
        recoveries: seconds from a fault to the next claim of each job that it took from a worker.
        rescues: seconds from a fault until each job that it took from a worker was queued again, or ended.
        unexplained: runs lost without a fault that would explain it.
    """

    jobs: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    fates: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    told: int = 0
    again: int = 0
    waits: list[float] = field(default_factory=list)
    slowest: list[tuple[float, UUID]] = field(default_factory=list)
    recoveries: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    rescues: list[float] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    def add(self, job: Job, causes: Causes) -> None:
        """Count a job."""
        runs = job.runs()
        self.jobs += 1
        self.ends[f"{job.state}"] += 1
        self.fates.update(run.fate for run in runs)
        self.errors.update(
            run.end.code for run in runs if run.end and run.end.code and run.fate in {"failed", "retried"}
        )
        items = [item for run in runs for item in run.items]
        self.told, self.again = self.told + len(items), self.again + len(items) - len(set(items))
        self._wait(job, runs)
        for run in runs:
            if run.fate == "lost":
                self._recovery(job, run, runs, causes)

    def _wait(self, job: Job, runs: Sequence[Run]) -> None:
        queued = [event.at for event in job.states if event.state == "queued"]
        if runs and queued:
            self.waits.append(max(0.0, runs[0].at - queued[0]))
            self.slowest = sorted([*self.slowest, (self.waits[-1], job.id)], reverse=True)[:SLOWEST]

    def _recovery(self, job: Job, run: Run, runs: Sequence[Run], causes: Causes) -> None:
        cause = causes.of(job.id, run)
        if cause is None:
            self.unexplained.append(causes.describe(job.id, run))
            return
        if run.end:
            self.rescues.append(run.end.at - cause.began)
        later = [other.at for other in runs if other.lease > run.lease]
        if later:
            self.recoveries[cause.fault.name].append(later[0] - cause.began)

    def told_as(self) -> dict[str, Any]:
        """As JSON values."""
        every = [seconds for some in self.recoveries.values() for seconds in some]
        return {
            "jobs": self.jobs,
            "ends": dict(self.ends),
            "runs": dict(self.fates),
            "failed_attempts": dict(self.errors),
            "told": self.told,
            "told_again": self.again,
            "wait_seconds": summary(self.waits),
            "slowest": [[round(seconds, 2), str(job_id)] for seconds, job_id in self.slowest],
            "recovery_seconds": {"all": summary(every)}
            | {name: summary(some) for name, some in sorted(self.recoveries.items())},
            "rescue_seconds": summary(self.rescues),
            "lost_without_fault": self.unexplained,
        }


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Count, median, 95th percentile and maximum."""
    if not seconds:
        return {"count": 0}
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median": round(median(ordered), 2),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 2),
        "max": round(ordered[-1], 2),
    }


class Causes:
    """Which fault took which run: by the worker that logged its claim."""

    def __init__(self, done: Sequence[Done], lives: Mapping[str, Sequence[Life]]) -> None:
        self._done = sorted(done, key=lambda one: one.began)
        self._claims: dict[tuple[str, int], list[tuple[float, str, Life]]] = defaultdict(list)
        for name, own in lives.items():
            for life in own:
                for at, job_id, attempt in claims(life.log):
                    self._claims[job_id, attempt].append((at, name, life))
        for claimed in self._claims.values():
            claimed.sort(key=lambda claim: claim[0])

    def of(self, job_id: UUID, run: Run) -> Done | None:
        """The last fault before the loss that may have caused it; the worker's own before those of all."""
        until = run.end.at if run.end else float("inf")
        open_ = [done for done in self._done if done.began <= until and (done.ended or until) >= run.at]
        name, _ = self.worker(job_id, run)
        own = [done for done in open_ if done.fault.name in DEADLY and done.fault.target in {name, "chaos_poison"}]
        others = [done for done in open_ if done.fault.name not in DEADLY or done.fault.target == "all" or name is None]
        return next(iter((own or others)[::-1]), None)

    def describe(self, job_id: UUID, run: Run) -> str:
        """A lost run, with its times in seconds since the load began."""
        began = self._done[0].began - self._done[0].fault.at_seconds if self._done else 0.0
        until = run.end.at - began if run.end else float("inf")
        worker, _ = self.worker(job_id, run)
        return f"job {job_id} lease {run.lease} of {worker} from {run.at - began:.2f} to {until:.2f}"

    def worker(self, job_id: UUID, run: Run) -> tuple[str | None, Life | None]:
        """Who logged the claim; None where nobody did: it was killed before it could."""
        claimed = self._claims.get((str(job_id), run.attempt), [])
        place = bisect_left(claimed, run.at - EARLY_SECONDS, key=lambda claim: claim[0])
        for at, name, life in claimed[place : place + 1]:
            if at - run.at < CLOCK_SECONDS:
                return name, life
        return None, None


def claims(log: Path) -> Iterable[tuple[float, str, int]]:
    """The claims that a worker logged: POSIX time, job, attempt."""
    for told in _lines(log, "job_claimed"):
        yield datetime.fromisoformat(told["timestamp"]).timestamp(), told["job_id"], told["attempt"]


def troubles(lives: Mapping[str, Sequence[Life]]) -> Counter[str]:
    """What the processes complained of, by level and message."""
    counts: Counter[str] = Counter()
    for own in lives.values():
        for life in own:
            with life.log.open(errors="replace") as lines:
                for line in lines:
                    if '"level": "error"' in line or '"level": "critical"' in line or line.startswith("Traceback"):
                        counts[_message(line)] += 1
    return counts


def _message(line: str) -> str:
    try:
        said = str(json.loads(line)["message"])
    except (ValueError, KeyError):
        said = line.strip()
    return _VARYING.sub("*", said)[:MESSAGE_CHARACTERS]


def sweeps(lives: Mapping[str, Sequence[Life]]) -> Counter[str]:
    """How many jobs each task of the housekeeping found, as the workers logged it."""
    counts: Counter[str] = Counter()
    for own in lives.values():
        for life in own:
            for told in _lines(life.log, "swept"):
                counts[told["task"]] += told["count"]
    return counts


def _lines(log: Path, message: str) -> Iterable[dict[str, Any]]:
    """The whole lines of a log with this message; the last one of a killed process may be broken off."""
    with log.open(errors="replace") as lines:
        for line in lines:
            if f'"message": "{message}"' in line and line.endswith("}\n"):
                yield json.loads(line)
