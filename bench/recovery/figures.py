"""What the journal and the history of a side give."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.recovery.side import Step, Struck
from bench.recovery.work import BEGIN, END, Entry


@dataclass(frozen=True)
class Recovery:
    """What became of the jobs that were under way when a fault happened: in the process that was hit, or at all.

    Attributes:
        seconds: until each that was interrupted began again; infinite where it never did.
        undisturbed: how many succeeded without beginning again.
    """

    fault: str
    seconds: tuple[float, ...]
    undisturbed: int


@dataclass
class Figures:
    """Of one side.

    Attributes:
        jobs: that were asked for.
        ends: how they ended, and how many.
        twice: jobs whose work ran to its end more than once.
        effects_again: rows that the jobs left behind, beyond one for each.
        steps_again: steps that were made again, and ``steps`` all of them.
    """

    jobs: int
    ends: Counter[str]
    twice: int
    effects_again: int
    steps: int
    steps_again: int
    recoveries: list[Recovery] = field(default_factory=list)

    def share_ended(self) -> float:
        """Of the jobs, how many came to their end with success."""
        return self.ends["succeeded"] / self.jobs

    def seconds(self, fault: str | None = None) -> list[float]:
        """To recover, of each job that was interrupted by this fault, or by any."""
        return sorted(seconds for one in self._of(fault) for seconds in one.seconds)

    def undisturbed(self, fault: str | None = None) -> int:
        """How many jobs were under way at this fault, or at any, and went on to their success."""
        return sum(one.undisturbed for one in self._of(fault))

    def _of(self, fault: str | None) -> list[Recovery]:
        return [one for one in self.recoveries if fault in {None, one.fault}]


def measure(
    keys: Sequence[str],
    journal: Sequence[Entry],
    history: Sequence[Step],
    effects: Sequence[str],
    struck: Sequence[Struck],
) -> Figures:
    """All figures of a side; ``effects`` are the keys of the rows that its jobs left behind."""
    last = dict.fromkeys(keys, "never")
    for step in history:
        last[step.key] = step.ended_as or "never"
    to_the_end = Counter(entry.key for entry in journal if entry.what == END)
    made = Counter((entry.key, entry.what) for entry in journal if entry.what not in {BEGIN, END})
    return Figures(
        jobs=len(keys),
        ends=Counter(last.values()),
        twice=sum(times > 1 for times in to_the_end.values()),
        effects_again=len(effects) - len(set(effects)),
        steps=sum(made.values()),
        steps_again=sum(times - 1 for times in made.values()),
        recoveries=[_recovery(one, journal, _by_key(history)) for one in struck],
    )


def _by_key(history: Sequence[Step]) -> Mapping[str, list[Step]]:
    steps = defaultdict[str, list[Step]](list)
    for step in history:
        steps[step.key].append(step)
    return steps


def _recovery(struck: Struck, journal: Sequence[Entry], history: Mapping[str, list[Step]]) -> Recovery:
    jobs = _under_way(struck, journal, history)
    seconds = [_seconds(history[key], struck.at) for key in jobs]
    interrupted = tuple(one for one in seconds if one is not None)
    return Recovery(struck.name, interrupted, len(jobs) - len(interrupted))


def _under_way(struck: Struck, journal: Sequence[Entry], history: Mapping[str, list[Step]]) -> list[str]:
    """Under way by the journal: its last word before the fault came from a process that was hit, and was not the end.

    And not ended by the history: its end may have been written though the journal's last word is a step.
    """
    last = {entry.key: entry for entry in journal if entry.at < struck.at}
    under_way = [key for key, entry in last.items() if entry.what != END and struck.pid in {None, entry.pid}]
    return [key for key in under_way if not any(step.ended_as and step.at < struck.at for step in history[key][-1:])]


def _seconds(history: Sequence[Step], at: float) -> float | None:
    """Until the job began again, infinite if it never did; None if it succeeded without."""
    for step in history:
        if step.at > at and step.began:
            return step.at - at
        if step.at > at and step.ended_as == "succeeded":
            return None
    return math.inf


def describe(seconds: Sequence[float]) -> str:
    """Median and largest, of those that are finite; and how many are not."""
    known = [one for one in seconds if not math.isinf(one)]
    never = f", {len(seconds) - len(known)} never" if len(known) < len(seconds) else ""
    if not known:
        return f"-{never}" if seconds else "-"
    return f"{median(known):.1f} / {max(known):.1f} s of {len(seconds)}{never}"
