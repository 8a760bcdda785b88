"""Speech to text in a process of its own: started on first use, ended when idle, renewed when it is worn or dead."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator
from pathlib import Path

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.settings import SpeechSettings
from worker.engines.fitness import english_only, require_fitting
from worker.engines.keeper import EngineKeeper
from worker.engines.messages import Begin
from worker.engines.work import Work


class SpeechTranscriber:
    """The real :class:`~playhead.engines.Transcriber`."""

    def __init__(self, settings: SpeechSettings, measured: Path | None = None) -> None:
        """``measured``: the file that keeps what engines measured of this machine."""
        self._settings = settings
        self._keeper = EngineKeeper(settings, measured)
        self._numbers = itertools.count(1)

    @property
    def pid(self) -> int | None:
        """The engine's process; None while there is none."""
        return self._keeper.pid

    async def transcribe(
        self,
        recording: Path,
        options: SpeechOptions,
        *,
        resume: SpeechInfo | None = None,
        from_seconds: float = 0.0,
        first_id: int = 0,
        priority: int = 0,
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        """As :meth:`playhead.engines.Transcriber.transcribe`."""
        model = options.model or self._settings.model
        require_fitting(options, Path(model).name, multilingual=not english_only(model))
        work = Work(
            Begin(
                id=next(self._numbers),
                recording=str(recording),
                options=options,
                resume=resume,
                from_seconds=from_seconds,
                first_id=first_id,
                priority=priority,
            )
        )
        try:
            await self._keeper.take_on(work)
            while part := await work.next():
                yield part
        finally:
            await self._keeper.let_go(work)

    async def lost(self) -> None:
        """Wait until the engine lives on though it was killed, and its device is not free."""
        await self._keeper.lost()

    async def close(self) -> None:
        """End the engine."""
        await self._keeper.close()
