"""What every transcriber must do, the stub as well as the real one."""

from __future__ import annotations

from contextlib import aclosing
from itertools import pairwise
from pathlib import Path

import pytest

from playhead.engines import Engines, SpeechInfo, SpeechOptions, SpeechStep, Transcriber
from playhead.errors import InvalidError, MediaUnreadableError
from playhead.transcript import Segment


@pytest.fixture(params=["stub_engines", pytest.param("real_engines", marks=pytest.mark.models)])
def transcriber(request: pytest.FixtureRequest) -> Transcriber:
    engines: Engines = request.getfixturevalue(request.param)
    return engines.transcriber


EXACT = SpeechOptions(temperature=0)


async def _run(
    transcriber: Transcriber,
    recording: Path,
    options: SpeechOptions = EXACT,
    *,
    resume: SpeechInfo | None = None,
    from_seconds: float = 0.0,
    first_id: int = 0,
) -> tuple[SpeechInfo, list[SpeechStep]]:
    parts = [
        part
        async for part in transcriber.transcribe(
            recording, options, resume=resume, from_seconds=from_seconds, first_id=first_id
        )
    ]
    info = parts.pop(0)
    assert isinstance(info, SpeechInfo)
    steps = [part for part in parts if isinstance(part, SpeechStep)]
    assert len(steps) == len(parts), "the info comes once, and first"
    return info, steps


def _segments(steps: list[SpeechStep]) -> list[Segment]:
    return [segment for step in steps for segment in step.segments]


async def test_says_what_it_heard(transcriber: Transcriber, speech: Path) -> None:
    info, steps = await _run(transcriber, speech)

    assert info.language == "en"
    assert info.duration_seconds > 0
    assert info.model
    assert [segment.id for segment in _segments(steps)] == list(range(len(_segments(steps))))
    assert all(segment.text == segment.text.strip() != "" for segment in _segments(steps))


async def test_times_lie_in_the_recording_and_never_go_back(transcriber: Transcriber, speech: Path) -> None:
    info, steps = await _run(transcriber, speech)

    segments = _segments(steps)
    assert all(0 <= segment.start < segment.end <= info.duration_seconds for segment in segments)
    assert all(before.start <= after.start for before, after in pairwise(segments))
    assert all(before.done_seconds <= after.done_seconds for before, after in pairwise(steps))
    assert all(segment.end <= step.done_seconds for step in steps for segment in step.segments)


async def test_the_last_step_reaches_the_end(transcriber: Transcriber, speech: Path) -> None:
    info, steps = await _run(transcriber, speech)

    assert steps[-1].done_seconds == pytest.approx(info.duration_seconds)
    assert all(step.device_seconds >= 0 for step in steps)


async def test_the_same_recording_gives_the_same_words(transcriber: Transcriber, speech: Path) -> None:
    first, second = await _run(transcriber, speech), await _run(transcriber, speech)

    assert _segments(first[1]) == _segments(second[1])


async def test_words_come_when_asked_for(transcriber: Transcriber, speech: Path) -> None:
    _, without = await _run(transcriber, speech)
    _, steps = await _run(transcriber, speech, SpeechOptions(temperature=0, word_timestamps=True))

    assert all(segment.words is None for segment in _segments(without))
    for segment in _segments(steps):
        assert segment.words
        assert [word.text for word in segment.words] == segment.text.split()
        assert segment.start <= segment.words[0].start
        assert segment.words[-1].end <= segment.end


async def test_goes_on_from_where_a_run_ended(transcriber: Transcriber, speech: Path) -> None:
    info, steps = await _run(transcriber, speech)
    kept = steps[0]

    resumed, rest = await _run(
        transcriber, speech, resume=info, from_seconds=kept.done_seconds, first_id=len(kept.segments)
    )

    assert resumed == info
    assert all(segment.start >= kept.done_seconds - 0.01 for segment in _segments(rest))
    assert [segment.id for segment in _segments(rest)] == list(
        range(len(kept.segments), len(kept.segments) + len(_segments(rest)))
    )


async def test_going_on_from_the_end_decodes_nothing(transcriber: Transcriber, speech: Path) -> None:
    info, steps = await _run(transcriber, speech)

    resumed, rest = await _run(transcriber, speech, resume=info, from_seconds=info.duration_seconds, first_id=3)

    assert resumed == info
    assert _segments(rest) == []
    assert steps


async def test_closing_ends_the_work_and_the_next_recording_has_its_turn(
    transcriber: Transcriber, speech: Path
) -> None:
    async with aclosing(transcriber.transcribe(speech, EXACT)) as parts:
        assert isinstance(await anext(parts), SpeechInfo)

    with pytest.raises(StopAsyncIteration):
        await anext(parts)
    assert _segments((await _run(transcriber, speech))[1])


async def test_an_empty_file_is_no_recording(transcriber: Transcriber, tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    empty.touch()

    with pytest.raises(MediaUnreadableError, match="empty"):
        await _run(transcriber, empty)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        (SpeechOptions(language="xx"), "params.language"),
        (SpeechOptions(model="tiny.en", language="es"), "params.language"),
        (SpeechOptions(model="tiny.en", task="translate"), "params.task"),
    ],
)
async def test_options_that_no_model_can_honour_are_refused_by_name(
    transcriber: Transcriber, speech: Path, options: SpeechOptions, field: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await _run(transcriber, speech, options)

    assert refused.value.field == field
