"""How the work of a run ended, in the words of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel, ValidationError

from playhead.database import is_away
from playhead.errors import InternalError, InvalidError, PlayheadError, UnavailableError


class Stop(Enum):
    """Why a run was stopped from outside."""

    LOST = "lost"
    """Another has the job: it was canceled, or rescued. Nothing may be written."""
    SHUTDOWN = "shutdown"
    """The worker ends: the job is given back."""
    SHARED = "shared"
    """Another job's run does the same work, or did: all is written."""


@dataclass(frozen=True)
class Success:
    """The work is done."""

    result: dict[str, Any]

    @classmethod
    def of(cls, result: BaseModel) -> Success:
        """A kind's result, as JSON values."""
        return cls(result.model_dump(mode="json"))


@dataclass(frozen=True)
class Failure:
    """The work failed."""

    error: PlayheadError


Outcome = Success | Failure | Stop


def describe(outcome: Outcome) -> dict[str, Any]:
    """What a log line says of it."""
    if isinstance(outcome, Failure):
        return {"code": outcome.error.code, "message": outcome.error.message}
    return {"why": outcome.value} if isinstance(outcome, Stop) else {}


def failure(error: BaseException) -> Failure:
    """What a job's error says of an exception, expected or not."""
    if isinstance(error, PlayheadError):
        return Failure(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        path = ".".join(["params", *map(str, first["loc"])])
        return Failure(InvalidError(f"{path}: {first['msg']}", field=path))
    if is_away(error):
        return Failure(UnavailableError(f"a part that the job needs was away: {error}"))
    return Failure(InternalError(f"{type(error).__name__}: {error}; the worker's log has the traceback"))
