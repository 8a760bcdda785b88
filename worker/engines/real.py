from __future__ import annotations

from functools import cached_property

from playhead.settings import Settings
from worker.engines.conversion.converter import FfmpegConverter
from worker.engines.devices import device_name
from worker.engines.transcriber import SpeechTranscriber
from worker.engines.writer.server import ServerWriter


class RealEngines:
    """The :class:`~playhead.engines.Engines` of models, each in a process of its own, and of servers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.transcriber = SpeechTranscriber(settings.speech)
        self.writer = ServerWriter(settings.llm)
        self.converter = FfmpegConverter(settings.converter)

    @cached_property
    def device(self) -> str:
        """Where models run."""
        return device_name(self._settings.speech)

    async def lost(self) -> None:
        """Wait until an engine cannot be ended."""
        await self.transcriber.lost()

    async def close(self) -> None:
        """End every engine and wait for it."""
        await self.writer.close()
        await self.transcriber.close()
