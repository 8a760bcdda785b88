"""What was found out about a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Violation:
    """A promise that was broken; ``job_id`` where it is about one job."""

    rule: str
    text: str
    job_id: UUID | None = None


@dataclass
class Verdict:
    """What was found: ``checked`` counts, by rule, what could have broken it."""

    violations: list[Violation] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    def note(self, rule: str, found: Iterable[str], *, job_id: UUID | None = None, count: int = 1) -> None:
        """A rule was looked at, for this many things."""
        self.checked[rule] += count
        self.violations += [Violation(rule, text, job_id) for text in found]
