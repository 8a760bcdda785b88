from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from playhead.engines import Engines
from playhead.engines.synthesis import SpeakingOptions, Spoken, Voice
from playhead.errors import DocumentUnreadableError, InvalidError
from playhead.kinds import speak
from playhead.kinds.speak import KIND, Params
from playhead.registry import kinds
from playhead.settings import Settings
from playhead.transcript import Segment, Transcript
from tests.kinds.memory import Memory
from worker.engines import make_engines

TEXT = "One paragraph.\n\nAnother\none."


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    (tmp_path / "input-0").write_text(TEXT)
    return Memory(make_engines(Settings(engines="stub", data_dir=tmp_path)), [tmp_path / "input-0"])


def transcript(language: str) -> str:
    segments = [
        Segment(
            id=number,
            start=number,
            end=number + 1,
            text=text,
            avg_logprob=0,
            no_speech_prob=0,
            compression_ratio=1,
            temperature=0,
            words=None,
        )
        for number, text in enumerate(["Il pleut", "sur la ville."])
    ]
    return Transcript(
        text="", language=language, language_probability=1, duration_seconds=2, segments=segments, model="m"
    ).model_dump_json()


async def test_stores_a_wave_file_and_says_who_spoke(ctx: Memory) -> None:
    result = await speak.speak(ctx, Params(format="wav", speed=2))

    content, media_type = ctx.outputs["speech.wav"]
    with wave.open(io.BytesIO(content)) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(result.duration_seconds)
    assert result.duration_seconds == pytest.approx((len("One paragraph.") + len("Another one.")) * 0.06 / 2, abs=0.01)
    assert (media_type, result.format, result.characters) == ("audio/wav", "wav", 27)
    assert (result.engine, result.voice, result.language, result.sample_rate) == ("espeak", "stub", "en", 8000)
    assert ctx.audio_seconds == result.duration_seconds
    assert ctx.stages == ["fetching", "loading", "speaking", "speaking", "writing"]
    assert ctx.fractions[-2:] == pytest.approx([0.9, 1.0])


@pytest.mark.parametrize(("form", "media_type"), [("mp3", "audio/mpeg"), ("opus", "audio/ogg")])
async def test_the_converter_encodes_it(ctx: Memory, form: str, media_type: str) -> None:
    await speak.speak(ctx, params := Params.model_validate({"format": form}))

    assert ctx.stages[-2:] == ["encoding", "writing"]
    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {f"speech.{form}": media_type}
    assert KIND.makes
    assert KIND.makes(params) == {f"speech.{form}": "media"}
    assert ctx.fractions == sorted(ctx.fractions)


async def test_a_transcript_is_one_running_text_in_its_language(ctx: Memory) -> None:
    ctx.files[0].write_text(transcript("fr"))
    engines = _Scripted()

    await speak.speak(Memory(cast("Engines", engines), ctx.files), Params(format="wav"))

    assert engines.speaker.asked == [("Il pleut sur la ville.", SpeakingOptions(language="fr"))]


@pytest.mark.parametrize(("told", "asked", "spoken"), [("und", None, "en"), ("fr", "de", "de")])
async def test_the_language_is_that_of_the_request_or_of_the_transcript_or_english(
    ctx: Memory, told: str, asked: str | None, spoken: str
) -> None:
    ctx.files[0].write_text(transcript(told))

    assert (await speak.speak(ctx, Params(format="wav", language=asked))).language == spoken


async def test_subtitles_are_spoken_without_their_times(ctx: Memory) -> None:
    ctx.files[0].write_text(
        "1\n00:00:00,000 --> 00:00:01,000\n<i>Hello</i>\n\n2\n00:00:02,000 --> 00:00:03,000\nyou.\n"
    )
    engines = _Scripted()

    await speak.speak(Memory(cast("Engines", engines), ctx.files), Params(format="wav"))

    assert engines.speaker.asked[0][0] == "Hello you."


async def test_an_empty_text_is_refused(ctx: Memory) -> None:
    ctx.files[0].write_text(" \n")

    with pytest.raises(DocumentUnreadableError):
        await speak.speak(ctx, Params())


async def test_an_unknown_voice_is_refused_by_name(ctx: Memory) -> None:
    with pytest.raises(InvalidError) as refused:
        await speak.speak(ctx, Params(voice="nobody"))

    assert refused.value.field == "params.voice"


async def test_canceling_closes_the_engine(ctx: Memory) -> None:
    engines = _Scripted(endless=True)
    job = asyncio.create_task(speak.speak(Memory(cast("Engines", engines), ctx.files), Params()))
    await engines.speaker.begun.wait()

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert engines.speaker.closed


@pytest.mark.parametrize(
    "params", [{"format": "mp4"}, {"language": "xx"}, {"speed": 3}, {"speed": 0}, {"voice": ""}, {"engine": "festival"}]
)
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["speak"] is KIND


class _ScriptedSpeaker:
    def __init__(self, *, endless: bool) -> None:
        self.asked: list[tuple[str, SpeakingOptions]] = []
        self.endless = endless
        self.begun = asyncio.Event()
        self.closed = False

    async def speak(self, text: str, options: SpeakingOptions, target: Path) -> AsyncGenerator[Voice | Spoken, None]:
        self.asked.append((text, options))
        await asyncio.to_thread(target.write_bytes, b"speech")
        try:
            yield Voice(engine="espeak", name="v", language=options.language)
            yield Spoken(len(text), 1.0, 8000)
            self.begun.set()
            while self.endless:
                await asyncio.Event().wait()
        finally:
            self.closed = True


class _Scripted:
    def __init__(self, *, endless: bool = False) -> None:
        self.speaker = _ScriptedSpeaker(endless=endless)
