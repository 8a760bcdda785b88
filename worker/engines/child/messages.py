"""What a worker and such an engine say to each other: one JSON object a line, over two pipes of their own."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from worker.engines.lines import Cancel, Ended, Failed, Message


class Ask(Message):
    """Serve a request."""

    type: Literal["ask"] = "ask"
    id: int
    request: Any


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


ToEngine = Ask | Cancel
FromEngine = Ready | Begun | Replied | Ended | Failed

to_engine: TypeAdapter[ToEngine] = TypeAdapter(Annotated[ToEngine, Field(discriminator="type")])
from_engine: TypeAdapter[FromEngine] = TypeAdapter(Annotated[FromEngine, Field(discriminator="type")])
