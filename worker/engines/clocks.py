from __future__ import annotations

import asyncio
from collections.abc import Callable

from playhead.settings import SpeechSettings
from worker.engines.work import Work

# The recording, or None for all in hand, and what to say of it.
Hung = Callable[[Work | None, str], None]


class Clocks:
    """How long an engine may get nowhere: with a recording that it is busy with, or, while busy with none, with all.

    Before it says its first word, it is loading libraries: that may take as long as a model.
    """

    def __init__(self, settings: SpeechSettings, on_hung: Hung) -> None:
        self._settings = settings
        self._on_hung = on_hung
        self._busy: dict[int, asyncio.TimerHandle] = {}
        self._silence: asyncio.TimerHandle | None = None
        self._silence_seconds = settings.start_timeout_seconds

    def wind(self, work: Work) -> None:
        """The engine said something of the recording: its clock begins anew, if it is busy with it."""
        self._silence_seconds = self._settings.hang_seconds
        self.listen()
        self.stop(work)
        if work.stage != "waiting":
            seconds = self._settings.start_timeout_seconds if work.stage == "loading" else self._settings.hang_seconds
            self._busy[work.id] = asyncio.get_running_loop().call_later(seconds, self._stuck, work, seconds)

    def stop(self, work: Work) -> None:
        """The engine has nothing to do with the recording any more."""
        clock = self._busy.pop(work.id, None)
        if clock:
            clock.cancel()

    def listen(self) -> None:
        """The engine was given something: it is to say something."""
        self.rest()
        self._silence = asyncio.get_running_loop().call_later(self._silence_seconds, self._silent)

    def rest(self) -> None:
        """The engine has nothing in hand, and may say nothing."""
        if self._silence:
            self._silence.cancel()

    def _stuck(self, work: Work, seconds: float) -> None:
        self._on_hung(work, f"The engine got nowhere for {seconds:g} seconds while {work.stage} and was ended.")

    def _silent(self) -> None:
        if self._busy:  # What it is busy with has a clock of its own.
            self.listen()
            return
        self._on_hung(None, f"The engine began nothing for {self._silence_seconds:g} seconds and was ended.")
