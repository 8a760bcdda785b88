"""Text to speech, piece by piece into one file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import closing
from itertools import chain, pairwise
from pathlib import Path

from playhead.engines.synthesis import SpeakingEngine, SpeakingOptions, Spoken, Voice
from playhead.errors import DocumentUnreadableError, TooLargeError
from playhead.settings import ChildSettings, SpeakerSettings
from worker.engines.speaking.espeak_source import EspeakSource
from worker.engines.speaking.pieces import Piece, pieces
from worker.engines.speaking.piper_source import PiperSource
from worker.engines.speaking.server_source import ServerSource
from worker.engines.speaking.source import Source
from worker.engines.speaking.wave_file import WaveFile

_PAUSE_SECONDS = 0.2
_PARAGRAPH_SECONDS = 0.5


class PieceSpeaker:
    """The real :class:`~playhead.engines.Speaker`.

    An engine is asked for one piece at a time, so that jobs take turns.
    """

    def __init__(self, settings: SpeakerSettings) -> None:
        self._settings = settings
        self._sources: Mapping[SpeakingEngine, Source] = {
            "espeak": EspeakSource(ChildSettings(hang_seconds=60)),
            "piper": PiperSource(settings, ChildSettings()),
            "server": ServerSource(settings),
        }

    async def voices(self, engine: SpeakingEngine | None = None) -> Sequence[Voice]:
        """As :meth:`playhead.engines.Speaker.voices`."""
        asked = [self._sources[engine]] if engine else list(self._sources.values())
        return [voice for source in asked for voice in await asyncio.to_thread(source.voices)]

    async def speak(self, text: str, options: SpeakingOptions, target: Path) -> AsyncGenerator[Voice | Spoken, None]:
        """As :meth:`playhead.engines.Speaker.speak`."""
        if len(text) > self._settings.max_characters:
            message = (
                f"The text is longer than the {self._settings.max_characters} characters allowed. Cut it into parts."
            )
            raise TooLargeError(message)
        source = self._sources[options.engine or self._settings.engine]
        voice = await asyncio.to_thread(source.voice, options.voice, options.language)
        yield voice
        part = target.with_suffix(".part")
        cut = await asyncio.to_thread(pieces, text)
        with closing(WaveFile(target)) as file:
            for before, piece in pairwise(chain([None], cut)):
                if piece is None:
                    continue
                said = await source.say(piece.text, voice, options.speed, part)
                await asyncio.to_thread(file.append, part, said.sample_rate, pause_seconds=_pause_seconds(before))
                yield Spoken(piece.end, file.seconds, said.sample_rate)
            if not file.seconds:
                raise DocumentUnreadableError("There is nothing in the text that could be spoken.")

    async def lost(self) -> None:
        """Wait until a process lives on though it was killed."""
        waiting = [asyncio.ensure_future(source.lost()) for source in self._sources.values()]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*(source.close() for source in self._sources.values()))


def _pause_seconds(before: Piece | None) -> float:
    if before is None:
        return 0.0
    return _PARAGRAPH_SECONDS if before.ends_paragraph else _PAUSE_SECONDS
