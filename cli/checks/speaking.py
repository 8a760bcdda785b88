"""Who speaks: espeak-ng, Piper, a server."""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.checks.check import Check, broken, doubtful, fine, note
from cli.checks.model_server import is_sendable, models_of
from cli.checks.server import Server
from playhead.errors import PlayheadError
from playhead.settings import ChildSettings, Settings, SpeakerSettings

if TYPE_CHECKING:
    from playhead.engines.synthesis import Voice

ESPEAK, PIPER, SERVER = "speech: espeak-ng", "speech: Piper", "speech: server"


def check_speaking(settings: Settings) -> Iterator[Check]:
    """Each of the three; what is not there is broken only where it is the one that speaks."""
    yield _check_espeak()
    yield _check_piper(settings.speaker)
    yield _check_server(settings.speaker)


def _check_espeak() -> Check:
    try:
        voices = asyncio.run(_spoken())
    except PlayheadError as error:
        return broken(ESPEAK, error.message, "Install it anew: `make setup`, or pip install espeakng-loader.")
    languages = len({voice.language for voice in voices})
    return fine(ESPEAK, f"{len(voices)} voices for {languages} languages; it spoke a word")


async def _spoken() -> Sequence[Voice]:
    """All voices, once the library has said something in a process of its own: it may crash."""
    from worker.engines.speaking.espeak_source import EspeakSource

    source = EspeakSource(ChildSettings(hang_seconds=60))
    try:
        with tempfile.TemporaryDirectory() as folder:
            await source.say("yes", source.voice(None, "en"), 1, Path(folder) / "said")
        return source.voices()
    finally:
        await source.close()


def _check_piper(speaker: SpeakerSettings) -> Check:
    missing = _missing_of_piper(speaker)
    if missing:
        finding, remedy = missing
        wanted = speaker.engine == "piper" or speaker.piper_voices
        return broken(PIPER, finding, remedy) if wanted else note(PIPER, finding, f"To have its voices: {remedy}")
    voices = _piper_voices(speaker)
    if isinstance(voices, str):
        return broken(PIPER, voices, "Correct PLAYHEAD_SPEAKER__PIPER_VOICES.")
    return fine(PIPER, ", ".join(f"{voice.name} ({voice.language})" for voice in voices))


def _missing_of_piper(speaker: SpeakerSettings) -> tuple[str, str] | None:
    if importlib.util.find_spec("piper") is None:
        return "not installed", 'pip install "playhead[piper]", and name voices in PLAYHEAD_SPEAKER__PIPER_VOICES.'
    if not speaker.piper_voices:
        return "no voice is named", "set PLAYHEAD_SPEAKER__PIPER_VOICES to .onnx files, or folders of them."
    return None


def _piper_voices(speaker: SpeakerSettings) -> Sequence[Voice] | str:
    """The voices; in words, what is wrong with them."""
    from worker.engines.speaking.piper_source import PiperSource

    try:
        voices = PiperSource(speaker, ChildSettings()).voices()
    except PlayheadError as error:
        return error.message
    named = ", ".join(map(str, speaker.piper_voices))
    return voices or f"there is no voice (no .onnx file) in {named}"


def _check_server(speaker: SpeakerSettings) -> Check:
    if not speaker.base_url:
        remedy = "set PLAYHEAD_SPEAKER__BASE_URL to a server with OpenAI's /audio/speech."
        if speaker.engine == "server":
            return broken(SERVER, "none is set, and PLAYHEAD_SPEAKER__ENGINE=server", remedy.capitalize())
        return note(SERVER, "none is set", f"To have one: {remedy}")
    server = Server(SERVER, speaker.base_url, "PLAYHEAD_SPEAKER__BASE_URL", "PLAYHEAD_SPEAKER__API_KEY")
    if not is_sendable(speaker.api_key):
        return server.unsendable_key()
    answer = models_of(server.url, speaker.api_key)
    if fault := server.fault(answer):
        return fault
    models = answer.models()
    if models and speaker.model not in models:
        finding = f"{server.shown} answers, and does not list {speaker.model!r}"
        return doubtful(SERVER, finding, "If jobs fail, set PLAYHEAD_SPEAKER__MODEL to one that it has.")
    return fine(SERVER, f"{server.shown} answers; whether it speaks, a job tells")
