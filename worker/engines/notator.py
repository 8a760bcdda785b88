"""Music to notes, in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from playhead.engines import NotationOptions, NotationStep, Note
from playhead.settings import NotationSettings
from worker.engines.child import Child
from worker.engines.notation.messages import Listen


class BasicPitchNotator:
    """The real :class:`~playhead.engines.Notator`."""

    def __init__(self, settings: NotationSettings) -> None:
        self._settings = settings
        self._child = Child("worker.engines.notation", NotationStep, settings)

    async def notate(self, recording: Path, options: NotationOptions) -> AsyncGenerator[NotationStep, None]:
        """As :meth:`playhead.engines.Notator.notate`."""
        request = Listen(
            recording=str(recording),
            options=options,
            max_seconds=self._settings.max_recording_seconds,
            threads=self._settings.threads,
        )
        notes: list[Note] = []
        last: NotationStep | None = None
        async with aclosing(self._child.ask(request)) as steps:
            async for step in steps:
                if step.notes is None:
                    yield step
                else:
                    notes += step.notes
                    last = step
        if last:
            yield last.model_copy(update={"notes": notes})

    async def lost(self) -> None:
        """Wait until the engine lives on though it was killed."""
        await self._child.lost()

    async def close(self) -> None:
        """End the engine."""
        await self._child.close()
