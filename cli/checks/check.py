"""One thing that was looked at, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """How it stands."""

    FINE = "fine"
    NOTE = "note"
    """Not there and not needed, or for information."""
    DOUBTFUL = "doubtful"
    """It works, but hardly as it was meant."""
    BROKEN = "broken"
    """Something that is needed does not work."""


@dataclass(frozen=True)
class Check:
    """One line of the doctor's table.

    Attributes:
        name: what was looked at.
        finding: what was seen.
        remedy: what to do; empty where it is fine.
    """

    name: str
    grade: Grade
    finding: str
    remedy: str = ""


def fine(name: str, finding: str) -> Check:
    """It is as it should be."""
    return Check(name, Grade.FINE, finding)


def note(name: str, finding: str, remedy: str = "") -> Check:
    """Worth knowing; nothing is wrong."""
    return Check(name, Grade.NOTE, finding, remedy)


def doubtful(name: str, finding: str, remedy: str) -> Check:
    """It works, but hardly as it was meant."""
    return Check(name, Grade.DOUBTFUL, finding, remedy)


def broken(name: str, finding: str, remedy: str) -> Check:
    """It is needed and does not work."""
    return Check(name, Grade.BROKEN, finding, remedy)
