"""What a worker and such an engine say to each other: one JSON object a line, over two pipes of their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Message(BaseModel):
    """One line."""

    model_config = ConfigDict(frozen=True)

    def line(self) -> bytes:
        """The message as it goes over the pipe."""
        return self.model_dump_json().encode() + b"\n"


class Ask(Message):
    """Serve a request."""

    type: Literal["ask"] = "ask"
    id: int
    request: Any


class Cancel(Message):
    """Let go of a request; answered by :class:`Ended`."""

    type: Literal["cancel"] = "cancel"
    id: int


class Ready(Message):
    """The first that an engine says: its libraries are loaded."""

    type: Literal["ready"] = "ready"


class Begun(Message):
    """The request is in hand: from here on it may be to blame. Said again while it takes long."""

    type: Literal["begun"] = "begun"
    id: int


class Replied(Message):
    """One reply."""

    type: Literal["replied"] = "replied"
    id: int
    reply: Any


class Ended(Message):
    """The request is done, or let go of."""

    type: Literal["ended"] = "ended"
    id: int


class Failed(Message):
    """The request ended with the error of this code."""

    type: Literal["failed"] = "failed"
    id: int
    code: str
    message: str
    field: str | None = None


ToEngine = Ask | Cancel
FromEngine = Ready | Begun | Replied | Ended | Failed

to_engine: TypeAdapter[ToEngine] = TypeAdapter(Annotated[ToEngine, Field(discriminator="type")])
from_engine: TypeAdapter[FromEngine] = TypeAdapter(Annotated[FromEngine, Field(discriminator="type")])
