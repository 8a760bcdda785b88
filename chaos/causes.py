"""Which fault took which run from its worker."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from chaos.history import Run
from chaos.logs import claims
from chaos.monkey import Done
from chaos.process import Life

DEADLY = {"kill", "stop", "silence", "cut", "poison", "term", "term_twice"}
"""Faults that can cost a single worker its runs. The others are PostgreSQL's, and hit all."""
FREEZES = {"stop", "silence"}
"""Faults in which a process may keep the locks that others wait for."""
NEAR_SECONDS = 10.0
"""How far from a fault its consequences may be."""
EARLY_SECONDS, CLOCK_SECONDS = 0.5, 5.0
"""A claim is logged soon after it is written; the two clocks may differ."""


class Causes:
    """Which fault took which run: by the worker that logged its claim."""

    def __init__(self, done: Sequence[Done], lives: Mapping[str, Sequence[Life]]) -> None:
        self._done = sorted(done, key=lambda one: one.began)
        self._poisoned = [life for own in lives.values() for life in own if life.poisoned]
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
        name, life = self.worker(job_id, run)
        # Who logged no claim may be any that took poison while the run had the job.
        deaths = [one.ended for one in self._poisoned if one.ended and one.ended <= until and _is_of(one, life, run)]
        if deaths:
            return self._poison(max(deaths))
        open_ = [done for done in self._done if done.began <= until and (done.ended or until) >= run.at]
        own = [done for done in open_ if done.fault.name in DEADLY and done.fault.target == name]
        others = [done for done in open_ if done.fault.name not in DEADLY or done.fault.target == "all" or name is None]
        return next(iter((own or others)[::-1]), None)

    def is_near(self, job_id: UUID, run: Run) -> bool:
        """Whether a fault that may reach the run's worker was there while it ran, or shortly before."""
        until = run.end.at if run.end else float("inf")
        name, _ = self.worker(job_id, run)
        near = [done for done in self._done if done.began <= until and (done.ended or until) >= run.at - NEAR_SECONDS]
        own = {name, "all"}
        return any(
            done.fault.name in FREEZES or done.fault.name not in DEADLY or done.fault.target in own for done in near
        )

    def _poison(self, at: float) -> Done | None:
        """The last poison before this time, as if it had been given then: it waits in its queue like any job."""
        given = [done.fault for done in self._done if done.fault.name == "poison" and done.began <= at]
        return Done(given[-1], at, at) if given else None

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


def _is_of(poisoned: Life, life: Life | None, run: Run) -> bool:
    return poisoned is life if life else (poisoned.ended or 0.0) >= run.at
