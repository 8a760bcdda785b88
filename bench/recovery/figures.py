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
    """Of one fault: how long until each job that it concerned began again or ended; infinite where it never did.

    A job is concerned if it was under way in the process that was hit, or under way at all if PostgreSQL was.
    """

    fault: str
    seconds: tuple[float, ...]

    @property
    def never(self) -> int:
        """Jobs that did neither."""
        return sum(map(math.isinf, self.seconds))


@dataclass
class Figures:
    """Of one side.

    Attributes:
        jobs: that were asked for.
        ends: how they ended, and how many.
        twice: jobs whose work ran to its end more than once.
        recorded_twice: jobs whose success was recorded more than once.
        steps_again: steps that were made again, and ``steps`` all of them.
    """

    jobs: int
    ends: Counter[str]
    twice: int
    recorded_twice: int
    steps: int
    steps_again: int
    recoveries: list[Recovery] = field(default_factory=list)

    def share_ended(self) -> float:
        """Of the jobs, how many came to their end with success."""
        return self.ends["succeeded"] / self.jobs

    def seconds(self, fault: str | None = None) -> list[float]:
        """To recover, of each job that was concerned by this fault, or by any."""
        return sorted(seconds for one in self.recoveries if fault in {None, one.fault} for seconds in one.seconds)


def measure(
    keys: Sequence[str], journal: Sequence[Entry], history: Sequence[Step], struck: Sequence[Struck]
) -> Figures:
    """All figures of a side."""
    last = dict.fromkeys(keys, "never")
    for step in history:
        last[step.key] = step.ended_as or "never"
    to_the_end = Counter(entry.key for entry in journal if entry.what == END)
    recorded = Counter(step.key for step in history if step.ended_as == "succeeded")
    made = Counter((entry.key, entry.what) for entry in journal if entry.what not in {BEGIN, END})
    return Figures(
        jobs=len(keys),
        ends=Counter(last.values()),
        twice=sum(times > 1 for times in to_the_end.values()),
        recorded_twice=sum(times > 1 for times in recorded.values()),
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
    return Recovery(
        struck.name, tuple(_seconds(key, struck.at, history) for key in _concerned(struck, journal, history))
    )


def _concerned(struck: Struck, journal: Sequence[Entry], history: Mapping[str, list[Step]]) -> list[str]:
    """Under way by the journal: its last word before the fault came from a process that was hit, and was not the end.

    And not ended by the history: its end may have been written though the journal's last word is a step.
    """
    last = {entry.key: entry for entry in journal if entry.at < struck.at}
    under_way = [key for key, entry in last.items() if entry.what != END and struck.pid in {None, entry.pid}]
    return [key for key in under_way if not any(step.ended_as and step.at < struck.at for step in history[key][-1:])]


def _seconds(key: str, at: float, history: Mapping[str, list[Step]]) -> float:
    later = (step.at - at for step in history[key] if step.at > at and (step.began or step.ended_as))
    return next(later, math.inf)


def describe(seconds: Sequence[float]) -> str:
    """Median and largest, of those that are finite; and how many are not."""
    known = [one for one in seconds if not math.isinf(one)]
    never = f", {len(seconds) - len(known)} never" if len(known) < len(seconds) else ""
    if not known:
        return f"-{never}" if seconds else "-"
    return f"{median(known):.1f} / {max(known):.1f} s of {len(seconds)}{never}"
