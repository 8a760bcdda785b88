"""What a worker and its speech engine say to each other: one JSON object a line, over two pipes of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.settings import SpeechSettings
from worker.engines.lines import Cancel, Ended, Failed, Message

# What the engine does with a recording. It may only be blamed for what goes wrong while it does something with it.
Stage = Literal["waiting", "reading", "loading", "decoding"]


class Configure(Message):
    """The first line that an engine is given.

    Attributes:
        measured: the file that keeps what an engine measured of this machine, for the next one.
    """

    type: Literal["configure"] = "configure"
    settings: SpeechSettings
    measured: Path | None = None


class Begin(Message):
    """Transcribe a recording, or go on with one."""

    type: Literal["begin"] = "begin"
    id: int
    recording: str
    options: SpeechOptions
    resume: SpeechInfo | None = None
    from_seconds: float = 0.0
    first_id: int = 0
    priority: int = 0


class Working(Message):
    """What is being done with a recording from now on; said again now and then while it takes long."""

    type: Literal["working"] = "working"
    id: int
    stage: Stage


class Heard(Message):
    """The engine's :class:`~playhead.engines.SpeechInfo`."""

    type: Literal["heard"] = "heard"
    id: int
    info: SpeechInfo


class Stepped(Message):
    """One :class:`~playhead.engines.SpeechStep`; the recording waits for its next turn."""

    type: Literal["stepped"] = "stepped"
    id: int
    step: SpeechStep


Request = Configure | Begin | Cancel
Reply = Working | Heard | Stepped | Ended | Failed

requests: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="type")])
replies: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="type")])
