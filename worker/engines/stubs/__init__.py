"""Deterministic engines without a model: what tests, load runs and a first look at the house need."""

from __future__ import annotations

import asyncio

from playhead.engines import Mailer, Poster, Writer
from playhead.settings import Settings
from worker.engines.stubs.annotator import StubAnnotator
from worker.engines.stubs.converter import StubConverter
from worker.engines.stubs.diarizer import StubDiarizer
from worker.engines.stubs.mailer import StubMailer
from worker.engines.stubs.notator import StubNotator
from worker.engines.stubs.poster import StubPoster
from worker.engines.stubs.speaker import StubSpeaker
from worker.engines.stubs.transcriber import StubTranscriber
from worker.engines.stubs.translator import StubTranslator
from worker.engines.stubs.writer import StubWriter


class StubEngines:
    """The :class:`~playhead.engines.Engines` of ``PLAYHEAD_ENGINES=stub``."""

    def __init__(self, settings: Settings) -> None:
        self.transcriber = StubTranscriber(settings.stub, settings.speech.model)
        self.writer: Writer = StubWriter(settings.llm, settings.stub.seconds_per_answer)
        self.converter = StubConverter()
        self.speaker = StubSpeaker()
        self.notator = StubNotator()
        self.translator = StubTranslator(settings.deepl)
        self.annotator = StubAnnotator(settings.annotation)
        self.diarizer = StubDiarizer(settings.stub)
        self.mailer: Mailer = StubMailer(settings.mail)
        self.poster: Poster = StubPoster(settings.webhooks, settings.fetch)
        self.device = "stub"

    async def lost(self) -> None:
        """There is nothing to lose: wait for ever."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """There is nothing to end."""
