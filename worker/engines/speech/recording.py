from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from worker.engines.messages import Begin

if TYPE_CHECKING:
    from worker.engines.speech.decoding import Decoding
    from worker.engines.speech.sound import Sound


class LetGoError(Exception):
    """The recording was canceled."""


class Recording:
    """One recording in flight, as the worker asked for it.

    Attributes:
        source: the model it is for, as its job or the settings name it.
        priority: those with more go first.
        sound: all of it, once it is read.
        decoding: how far it is, once its model is loaded.
        given_seconds: sound of it that the device was given so far, on the clock of :class:`Line`.
        on_device: how many pieces of it the device has at this moment.
    """

    def __init__(self, begin: Begin, source: str) -> None:
        self.id = begin.id
        self.begin = begin
        self.source = source
        self.priority = begin.priority
        self.sound: Sound | None = None
        self.decoding: Decoding | None = None
        self.given_seconds = 0.0
        self.on_device = 0
        self._canceled = threading.Event()

    def cancel(self) -> None:
        """Have it let go of as soon as the step under way is done."""
        self._canceled.set()

    @property
    def is_canceled(self) -> bool:
        """Whether it is to be let go of."""
        return self._canceled.is_set()

    def require_wanted(self) -> None:
        """Raise :class:`LetGoError` once it is canceled."""
        if self.is_canceled:
            raise LetGoError

    def close(self) -> None:
        """Give back what it holds, unless its next stretch is being cut at this moment."""
        if self.sound and not (self.decoding and self.decoding.is_cutting):
            self.sound.close()
