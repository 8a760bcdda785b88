"""A server that speaks, and one that fails."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playhead.engines.synthesis import SpeakingOptions, Spoken, Voice
from playhead.errors import (
    EngineCrashedError,
    InvalidError,
    ModelUnavailableError,
    PlayheadError,
    SpeakerUnavailableError,
)
from playhead.settings import SpeakerSettings
from tests.engines.speech_server import RATE, Script, at_rate, endless, serving, speech
from worker.engines.speaking.speaker import PieceSpeaker

TEXT = "Hello there."


@pytest.fixture
def script() -> Iterator[Script]:
    with serving() as made:
        yield made


async def spoken(script: Script, target: Path, text: str = TEXT, **asked: Any) -> Spoken:
    settings = {"retry_base_seconds": 0.01, "max_retries": 2, "base_url": script.base_url} | asked.pop("settings", {})
    speaker = PieceSpeaker(SpeakerSettings(engine="server", **settings))
    options = SpeakingOptions.model_validate({"language": "en", **asked})
    try:
        voice, *steps = [part async for part in speaker.speak(text, options, target)]
    finally:
        await speaker.close()
    assert isinstance(voice, Voice)
    assert isinstance(steps[-1], Spoken)
    return steps[-1]


async def test_asks_as_openai_is_asked(script: Script, tmp_path: Path) -> None:
    settings = {"api_key": "secret", "model": "kokoro"}

    end = await spoken(script, tmp_path / "speech.wav", f"{TEXT}\nBye.", voice="nova", speed=1.5, settings=settings)

    (first, second) = script.asked
    assert first == {
        "path": "/v1/audio/speech",
        "model": "kokoro",
        "voice": "nova",
        "input": TEXT,
        "response_format": "wav",
        "speed": 1.5,
    }
    assert (second["input"], set(script.keys)) == ("Bye.", {"Bearer secret"})
    assert end.sample_rate == RATE
    assert end.seconds == pytest.approx((len(TEXT[::2]) + len("Bye."[::2])) * 0.05 + 0.5)


async def test_a_server_without_a_key_is_sent_none(script: Script, tmp_path: Path) -> None:
    await spoken(script, tmp_path / "speech.wav")

    assert script.keys == [None]
    assert "speed" not in script.asked[0]


@pytest.mark.parametrize("content", [endless(speech(TEXT)), speech(TEXT, channels=2), endless(speech(TEXT)) + b"\0"])
async def test_wave_files_of_many_kinds_are_understood(script: Script, tmp_path: Path, content: bytes) -> None:
    script.answers = [(200, {}, content)]

    assert (await spoken(script, tmp_path / "speech.wav")).seconds == pytest.approx(len(TEXT) * 0.05)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_asks_again_when_the_server_is_busy(script: Script, tmp_path: Path, status: int) -> None:
    script.answers = [(status, {"Retry-After": "0"}, b"busy"), (200, {"Content-Length": "999"}, b"RIFF")]

    assert (await spoken(script, tmp_path / "speech.wav")).seconds > 0
    assert len(script.asked) == 3


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((401, {}, b"bad key"), ModelUnavailableError, "SPEAKER__API_KEY"),
        ((404, {}, b"no such model"), ModelUnavailableError, "SPEAKER__MODEL"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), ModelUnavailableError, "SPEAKER__BASE_URL"),
        ((400, {}, json.dumps({"error": "no voice x"}).encode()), InvalidError, "no voice x"),
        ((200, {}, b"<html>hello</html>"), ModelUnavailableError, "WAV"),
        ((200, {}, b""), ModelUnavailableError, "WAV"),
        ((200, {}, speech(TEXT)[:20]), ModelUnavailableError, "WAV"),
        ((200, {}, at_rate(0)), ModelUnavailableError, "0 samples a second"),
        ((200, {}, at_rate(2**32 - 1)), ModelUnavailableError, "4294967295 samples a second"),
    ],
)
async def test_what_asking_again_cannot_mend_is_said_at_once(
    script: Script, tmp_path: Path, answer: tuple[int, dict[str, str], bytes], error: type[PlayheadError], words: str
) -> None:
    script.answers = [answer]

    with pytest.raises(error, match=words):
        await spoken(script, tmp_path / "speech.wav")
    assert len(script.asked) == 1


async def test_a_server_that_stays_away_is_told_of_and_when_to_ask_it_again(script: Script, tmp_path: Path) -> None:
    script.answers = [(429, {"Retry-After": "90"}, b"later")]

    with pytest.raises(SpeakerUnavailableError) as failed:
        await spoken(script, tmp_path / "speech.wav")
    assert failed.value.retry_after_seconds == 90

    with pytest.raises(SpeakerUnavailableError):
        await spoken(Script(base_url="http://127.0.0.1:1/v1"), tmp_path / "speech.wav")


@pytest.mark.parametrize(("asked_for", "seconds"), [("\u00b2", None), ("9" * 400, 999_999_999)])
async def test_what_no_clock_says_is_no_time_to_wait(
    script: Script, tmp_path: Path, asked_for: str, seconds: float | None
) -> None:
    script.answers = [(429, {"Retry-After": asked_for}, b"later")]

    with pytest.raises(SpeakerUnavailableError) as failed:
        await spoken(script, tmp_path / "speech.wav", settings={"max_retries": 0})
    assert failed.value.retry_after_seconds == seconds


async def test_a_voice_that_changes_its_rate_is_no_voice(script: Script, tmp_path: Path) -> None:
    script.answers = [(200, {}, speech(TEXT)), (200, {}, speech(TEXT, rate=8000))]

    with pytest.raises(EngineCrashedError, match="sample rate"):
        await spoken(script, tmp_path / "speech.wav", "One.\nTwo.")


async def test_canceling_leaves_the_server(script: Script, tmp_path: Path) -> None:
    script.silent = threading.Event()
    task = asyncio.create_task(spoken(script, tmp_path / "speech.wav"))
    await asyncio.to_thread(script.reached.wait, 30)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_key_may_come_from_a_file_with_a_line_end(script: Script, tmp_path: Path) -> None:
    await spoken(script, tmp_path / "speech.wav", settings={"api_key": "sk-0123456789\n"})
    assert script.keys == ["Bearer sk-0123456789"]


async def test_a_key_that_no_header_holds_is_refused_and_not_told(script: Script, tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailableError, match="PLAYHEAD_SPEAKER__API_KEY") as refused:
        await spoken(script, tmp_path / "speech.wav", settings={"api_key": "a-se\ncret"})
    assert "cret" not in refused.value.message


@pytest.mark.parametrize("status", [400, 401, 404, 500])
async def test_the_key_is_in_no_error_though_the_server_quotes_it(script: Script, tmp_path: Path, status: int) -> None:
    script.answers += [(status, {}, b"you said: Bearer sk-0123456789")] * 3
    with pytest.raises(PlayheadError, match="you said") as refused:
        await spoken(script, tmp_path / "speech.wav", settings={"api_key": "sk-0123456789"})
    assert "0123" not in refused.value.message


@pytest.mark.parametrize("address", ["127.0.0.1:8000/v1", "http://host:port/v1", "file:///etc/passwd"])
async def test_an_address_that_is_none_is_no_outage(script: Script, tmp_path: Path, address: str) -> None:
    with pytest.raises(ModelUnavailableError, match="PLAYHEAD_SPEAKER__BASE_URL"):
        await spoken(script, tmp_path / "speech.wav", settings={"base_url": address})
