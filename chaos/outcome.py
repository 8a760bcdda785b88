"""What a run is asked for, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.plan import Fault
from chaos.verdict import Verdict


@dataclass(frozen=True)
class Options:
    """What to run.

    Attributes:
        out: folder for the plan, the figures and, where a promise was broken, histories and logs.
        max_open: no more is submitted while so many jobs have not ended.
        faults: the plan.
    """

    seconds: float
    seed: int
    out: Path
    jobs_per_second: float = 5.0
    max_open: int = 250
    faults: tuple[Fault, ...] = ()


@dataclass
class Outcome:
    """What a run gave."""

    options: Options
    verdict: Verdict
    figures: dict[str, Any]
    seconds: dict[str, float] = field(default_factory=dict)
