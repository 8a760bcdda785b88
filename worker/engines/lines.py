"""What a worker and any engine process say to each other: one JSON object a line, over two pipes of their own."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

# An engine that met what nobody foresaw, such as a failed device or a full memory, says so of the recording that saw
# it, and ends with this code: no other is to blame.
EXIT_USELESS = 70


class Message(BaseModel):
    """One line."""

    model_config = ConfigDict(frozen=True)

    def line(self) -> bytes:
        """The message as it goes over the pipe."""
        return self.model_dump_json().encode() + b"\n"


class Cancel(Message):
    """Let go of a recording or another request; answered by :class:`Ended`."""

    type: Literal["cancel"] = "cancel"
    id: int


class Ended(Message):
    """It is done, or let go of."""

    type: Literal["ended"] = "ended"
    id: int


class Failed(Message):
    """It ended with the error of this code."""

    type: Literal["failed"] = "failed"
    id: int
    code: str
    message: str
    field: str | None = None
