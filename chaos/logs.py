"""What the processes logged."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from chaos.process import Life

MESSAGE_CHARACTERS = 120
_VARYING = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|\d+(\.\d+)?")


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
    """What is said in the line, with the exception that came with it."""
    try:
        told = json.loads(line)
        # Only the first: the others are its causes.
        parts = [told["message"], *(f"{one['exc_type']}: {one['exc_value']}" for one in told.get("exception", ())[:1])]
    except (ValueError, KeyError):
        parts = [line.strip()]
    return " ".join(_VARYING.sub("*", part)[:MESSAGE_CHARACTERS] for part in parts)


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
