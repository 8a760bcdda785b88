"""Figures of a run: what was lost and done again, and how long recovery took."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from uuid import UUID

from chaos.causes import Causes
from chaos.history import Job, Run

SLOWEST = 5


@dataclass(frozen=True)
class Unexplained:
    """A run that was lost without a fault: in words, and from when to when it ran, as POSIX times."""

    job_id: UUID
    text: str
    began: float
    ended: float


@dataclass
class Figures:
    """Counted over all jobs.

    Attributes:
        ends: jobs by their state.
        fates: runs by what became of them.
        errors: attempts that failed, by code.
        told, again: things told by runs, and those of them that were told before.
        waits: seconds from ``queued`` to claim, of first attempts.
        slowest: the longest of these, with their jobs.
        recoveries: seconds from a fault to the next claim of each job that it took from a worker.
        rescues: seconds from a fault until each job that it took from a worker was queued again, or ended.
        unexplained: runs lost without a fault that would explain it, at the time or shortly before.
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
    unexplained: list[Unexplained] = field(default_factory=list)

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
            if not causes.is_near(job.id, run):
                ended = run.end.at if run.end else run.at
                self.unexplained.append(Unexplained(job.id, causes.describe(job.id, run), run.at, ended))
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
            "lost_without_fault": [one.text for one in self.unexplained],
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
