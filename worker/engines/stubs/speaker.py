"""A speaker without a voice: a tone for every line, as long as its text."""

from __future__ import annotations

import asyncio
import math
import wave
from array import array
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from playhead.engines.synthesis import SpeakingEngine, SpeakingOptions, Spoken, Voice
from playhead.errors import DocumentUnreadableError, InvalidError
from playhead.languages import LANGUAGES

RATE = 8000
SECONDS_PER_CHARACTER = 0.06
VOICE = "stub"


class StubSpeaker:
    """A :class:`~playhead.engines.Speaker` that hums."""

    async def voices(self, engine: SpeakingEngine | None = None) -> Sequence[Voice]:
        """As :meth:`playhead.engines.Speaker.voices`."""
        return [Voice(engine=engine or "espeak", name=VOICE, language=language) for language in LANGUAGES]

    async def speak(self, text: str, options: SpeakingOptions, target: Path) -> AsyncGenerator[Voice | Spoken, None]:
        """As :meth:`playhead.engines.Speaker.speak`."""
        yield _voice(options)
        samples = array("h")
        end = 0
        for line in text.splitlines(keepends=True):
            end += len(line)
            samples.extend(_hum(len(line.strip()) * SECONDS_PER_CHARACTER / options.speed))
            if line.strip():
                yield Spoken(end if text[end:].strip() else len(text.rstrip()), len(samples) / RATE, RATE)
        if not samples:
            raise DocumentUnreadableError("There is nothing in the text that could be spoken.")
        await asyncio.to_thread(_write, target, samples)


def _voice(options: SpeakingOptions) -> Voice:
    if options.voice not in {None, VOICE}:
        raise InvalidError(f"The stub has no voice {options.voice!r}.", field="params.voice")
    if options.language not in LANGUAGES:
        raise InvalidError(f"The stub has no voice for {options.language!r}.", field="params.language")
    return Voice(engine=options.engine or "espeak", name=VOICE, language=options.language)


def _hum(seconds: float) -> list[int]:
    return [round(8000 * math.sin(2 * math.pi * 200 * one / RATE)) for one in range(round(seconds * RATE))]


def _write(target: Path, samples: array[int]) -> None:
    with wave.open(str(target), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())
