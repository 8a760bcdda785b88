from __future__ import annotations

import os
import threading

from playhead.engines import SpeechInfo, SpeechStep
from playhead.errors import PlayheadError
from worker.engines.lines import Ended, Failed, Message
from worker.engines.messages import Heard, Stage, Stepped, Working


class Replies:
    """What the engine tells its worker. Any thread may speak; lines never mix."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def working(self, number: int, stage: Stage) -> None:
        """What is being done with the recording from now on."""
        self._send(Working(id=number, stage=stage))

    def heard(self, number: int, info: SpeechInfo) -> None:
        """What is known of the recording."""
        self._send(Heard(id=number, info=info))

    def stepped(self, number: int, step: SpeechStep) -> None:
        """A step of it is done."""
        self._send(Stepped(id=number, step=step))

    def ended(self, number: int) -> None:
        """It is done, or let go of."""
        self._send(Ended(id=number))

    def failed(self, number: int, error: PlayheadError) -> None:
        """It ended with ``error``."""
        self._send(Failed(id=number, code=error.code, message=error.message, field=error.field))

    def _send(self, message: Message) -> None:
        rest = memoryview(message.line())
        with self._lock:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
