from __future__ import annotations

import asyncio
from functools import cached_property

from playhead.settings import Settings
from worker.engines import measured
from worker.engines.annotator import SpacyAnnotator
from worker.engines.conversion.converter import FfmpegConverter
from worker.engines.devices import device_name
from worker.engines.diarizer import SenkoDiarizer
from worker.engines.mailing.mailer import SmtpMailer
from worker.engines.notator import BasicPitchNotator
from worker.engines.poster import HttpPoster
from worker.engines.speaking.speaker import PieceSpeaker
from worker.engines.transcriber import SpeechTranscriber
from worker.engines.translator import DeepLTranslator
from worker.engines.writer.server import ServerWriter


class RealEngines:
    """The :class:`~playhead.engines.Engines` of models, each in a process of its own, and of servers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.transcriber = SpeechTranscriber(settings.speech, settings.data_dir / measured.NAME)
        self.writer = ServerWriter(settings.llm)
        self.converter = FfmpegConverter(settings.converter)
        self.speaker = PieceSpeaker(settings.speaker)
        self.notator = BasicPitchNotator(settings.notation)
        self.translator = DeepLTranslator(settings.deepl)
        self.annotator = SpacyAnnotator(settings.annotation)
        self.diarizer = SenkoDiarizer(settings.diarization)
        self.mailer = SmtpMailer(settings.mail)
        self.poster = HttpPoster(settings.webhooks, settings.fetch)
        self._children = (
            *(self.transcriber, self.converter, self.speaker),
            *(self.notator, self.annotator, self.diarizer),
        )

    @cached_property
    def device(self) -> str:
        """Where models run."""
        return device_name(self._settings.speech)

    async def lost(self) -> None:
        """Wait until an engine cannot be ended."""
        waiting = [asyncio.create_task(engine.lost()) for engine in self._children]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def close(self) -> None:
        """End every engine and wait for it."""
        engines = (self.writer, self.translator, self.mailer, *self._children)
        await asyncio.gather(*(engine.close() for engine in engines))
