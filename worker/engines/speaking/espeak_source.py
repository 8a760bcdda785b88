from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from playhead.engines.synthesis import Voice
from playhead.errors import InvalidError, ModelUnavailableError
from playhead.settings import ChildSettings
from worker.engines.child import Child
from worker.engines.speaking.espeak_voices import installed, named, variants
from worker.engines.speaking.source import Said


class EspeakRequest(BaseModel):
    """What the process with the library in it is asked."""

    model_config = ConfigDict(frozen=True)

    text: str
    voice: str
    speed: float
    into: str


class EspeakSource:
    """Speech by espeak-ng, which speaks a hundred languages like a machine."""

    def __init__(self, settings: ChildSettings) -> None:
        self._child = Child("worker.engines.speaking.espeak", Said, settings)

    def voices(self) -> Sequence[Voice]:
        """As :meth:`~worker.engines.speaking.source.Source.voices`."""
        return [one.voice for one in installed(data_folder())]

    def voice(self, name: str | None, language: str) -> Voice:
        """As :meth:`~worker.engines.speaking.source.Source.voice`; a name is a language code, or a variant of one."""
        if name is None:
            return _usual(language)
        base, plus, variant = name.partition("+")
        found = named(data_folder(), base)
        if found is None or (plus and variant not in variants(data_folder())):
            message = f"espeak-ng has no voice {name!r}. Give a code such as `en-us`, or `en-us+f3` for another throat."
            raise InvalidError(message, field="params.voice")
        return found.voice.model_copy(update={"name": base.lower() + plus + variant})

    async def say(self, text: str, voice: Voice, speed: float, into: Path) -> Said:
        """As :meth:`~worker.engines.speaking.source.Source.say`."""
        file = await asyncio.to_thread(_file, voice)
        request = EspeakRequest(text=text, voice=file, speed=speed, into=str(into))
        async with aclosing(self._child.ask(request)) as replies:
            return await anext(replies)

    async def lost(self) -> None:
        """Wait until its process lives on though it was killed."""
        await self._child.lost()

    async def close(self) -> None:
        """End its process."""
        await self._child.close()


def data_folder() -> Path:
    """Dictionaries and voices.

    Raises:
        ModelUnavailableError: they are not installed.
    """
    try:
        import espeakng_loader

        return Path(espeakng_loader.get_data_path())
    except (ImportError, RuntimeError) as error:
        raise ModelUnavailableError("espeak-ng is not installed: install the package espeakng-loader.") from error


def _usual(language: str) -> Voice:
    found = named(data_folder(), language)
    if found is None:
        raise InvalidError(f"espeak-ng has no voice for the language {language!r}.", field="params.language")
    return found.voice.model_copy(update={"language": language})


def _file(voice: Voice) -> str:
    """What the library is to load, with the variant."""
    base, plus, variant = voice.name.partition("+")
    found = named(data_folder(), base)
    return (found.file if found else base) + plus + variant
