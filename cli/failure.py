"""How a command fails: one clear line, what it is and what to do, and an exit code. Never a traceback."""

from __future__ import annotations

import sys
from typing import Any

from typer import Context, Exit
from typer.core import TyperGroup

FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""As shells count it: 128 and the number of SIGINT."""


class CommandError(Exception):
    """An expected failure of a command.

    Attributes:
        message: what went wrong, on one line.
        remedy: what to do about it; None where the message says it.
        exit_code: 1 for a failed operation, 2 for a wrong call.
    """

    def __init__(self, message: str, *, remedy: str | None = None, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"{self.message}\n  {self.remedy}" if self.remedy else self.message


class Commands(TyperGroup):
    """A group of commands in which an expected error ends in a line on stderr and an exit code."""

    def invoke(self, ctx: Context) -> Any:  # type: ignore[override] # Typer's own Click has another Context
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise Exit(INTERRUPTED) from None
        except Exception as error:
            failure = expected(error)
            if failure is None:
                raise
            warn(f"Error: {failure}")
            raise Exit(failure.exit_code) from None


def expected(error: Exception) -> CommandError | None:
    """``error`` as a person should read it; None where it is a defect, whose traceback is wanted."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, OSError) and error.strerror:
        return CommandError(f"{error.filename}: {error.strerror}" if error.filename else error.strerror)
    from playhead.errors import PlayheadError

    return CommandError(error.message) if isinstance(error, PlayheadError) else None


def warn(message: str) -> None:
    """Say ``message`` on stderr, so that what a command prints can be piped on."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - the command line speaks
