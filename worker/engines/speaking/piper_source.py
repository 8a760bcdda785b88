from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from playhead.engines.synthesis import Voice
from playhead.errors import InvalidError, ModelUnavailableError
from playhead.settings import ChildSettings, SpeakerSettings
from worker.engines.child import Child
from worker.engines.speaking.source import Said, chosen
from worker.engines.speech.cores import usable_cores


class PiperRequest(BaseModel):
    """What the process with Piper in it is asked."""

    model_config = ConfigDict(frozen=True)

    text: str
    model: str
    speed: float
    threads: int
    into: str


class PiperSource:
    """Speech by Piper: neural voices, a file each. GPL-3.0, so it is an extra, and has its process for itself."""

    def __init__(self, settings: SpeakerSettings, child: ChildSettings) -> None:
        self._settings = settings
        self._child = Child("worker.engines.speaking.piper", Said, child)

    def voices(self) -> Sequence[Voice]:
        """As :meth:`~worker.engines.speaking.source.Source.voices`."""
        return [_voice(model) for model in self._models()]

    def voice(self, name: str | None, language: str) -> Voice:
        """As :meth:`~worker.engines.speaking.source.Source.voice`. A name is that of its file, without the `.onnx`."""
        voices = self.voices()
        if not voices:
            message = "This server has no Piper voice: set SPEAKER__PIPER_VOICES on the worker to .onnx files."
            raise InvalidError(message, field="params.engine")
        found = chosen(voices, name, language)
        if found is None:
            wanted = f"no Piper voice {name!r}" if name else f"no Piper voice for the language {language!r}"
            known = ", ".join(one.name for one in voices)
            message = f"This server has {wanted}; there are: {known}."
            raise InvalidError(message, field="params.voice" if name else "params.language")
        return found

    async def say(self, text: str, voice: Voice, speed: float, into: Path) -> Said:
        """As :meth:`~worker.engines.speaking.source.Source.say`."""
        model = next(one for one in self._models() if one.stem == voice.name)
        threads = self._settings.threads or usable_cores()
        request = PiperRequest(text=text, model=str(model), speed=speed, threads=threads, into=str(into))
        async with aclosing(self._child.ask(request)) as replies:
            return await anext(replies)

    async def lost(self) -> None:
        """Wait until its process lives on though it was killed."""
        await self._child.lost()

    async def close(self) -> None:
        """End its process."""
        await self._child.close()

    def _models(self) -> Iterator[Path]:
        for path in self._settings.piper_voices:
            if path.is_dir():
                yield from sorted(path.glob("*.onnx"))
            else:
                yield path


def _voice(model: Path) -> Voice:
    description = Path(f"{model}.json")
    try:
        about = json.loads(description.read_text())
        language = about.get("language", {}).get("family") or about["espeak"]["voice"].partition("-")[0]
        return Voice(engine="piper", name=model.stem, language=language)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        message = f"There is no Piper voice at {model.name}: beside it, {description.name} is to describe it."
        raise ModelUnavailableError(message) from error
