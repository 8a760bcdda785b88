from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from playhead.engines import Diarized, Engines, SpeechInfo, SpeechOptions, SpeechStep, Turn
from playhead.errors import ModelUnavailableError
from playhead.kinds import transcribe
from playhead.kinds.transcribe import KIND, Params
from playhead.registry import kinds
from playhead.settings import DeepLSettings, LLMSettings, Settings, StubSettings
from playhead.transcript import Transcript
from tests.kinds.memory import Memory
from worker.engines import make_engines
from worker.engines.stubs.diarizer import StubDiarizer
from worker.engines.stubs.translator import StubTranslator
from worker.engines.stubs.writer import StubWriter

INFO = {"language": "en", "language_probability": 1.0, "duration_seconds": 20.0, "model": "stub:small"}


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    recording = tmp_path / "input"
    recording.write_bytes(b"any sound")
    settings = Settings(engines="stub", data_dir=tmp_path, stub=StubSettings(segments=4))
    return Memory(make_engines(settings), [recording])


async def test_gives_the_transcript_and_stores_every_form_of_it(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())

    stored, media_type = ctx.outputs["transcript.json"]
    assert Transcript.model_validate_json(stored) == result
    assert media_type == "application/json"
    assert result.text == " ".join(segment.text for segment in result.segments)
    assert len(result.segments) == 4
    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {
        "transcript.json": "application/json",
        "transcript.txt": "text/plain",
        "transcript.srt": "application/x-subrip",
        "transcript.vtt": "text/vtt",
        "transcript.tsv": "text/tab-separated-values",
    }
    assert ctx.outputs["transcript.srt"][0].startswith(b"1\n00:00:00,000 --> ")


async def test_a_translation_says_the_language_of_its_text_and_the_one_spoken(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params(task="translate", language="fr"))

    told = json.loads(ctx.outputs["transcript.json"][0])
    assert (result.language, told["language"], told["spoken_language"]) == ("en", "en", "fr")
    plain = await transcribe.transcribe(ctx, Params(language="fr"))
    assert plain.language == "fr"
    assert "spoken_language" not in plain.model_dump()


async def test_silence_is_translated_into_no_language(ctx: Memory) -> None:
    ctx.state = {"info": INFO | {"language": "und"}, "segments": 0, "done_seconds": 20}

    result = await transcribe.transcribe(ctx, Params(task="translate"))

    assert (result.language, result.spoken_language) == ("und", None)


async def test_tells_how_far_it_is(ctx: Memory) -> None:
    await transcribe.transcribe(ctx, Params())

    assert [stage for stage, before in zip(ctx.stages, [None, *ctx.stages], strict=False) if stage != before] == [
        "fetching",
        "loading",
        "transcribing",
        "writing",
    ]
    assert ctx.fractions == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]
    assert ctx.etas[-2] == 0.0


async def test_tells_watchers_of_each_segment_once(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())

    assert ctx.events == [("segment", segment.model_dump(mode="json")) for segment in result.segments]


async def test_accounts_for_the_recording(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())

    assert ctx.audio_seconds == pytest.approx(result.duration_seconds)


async def test_a_later_attempt_goes_on_from_the_checkpoint(ctx: Memory) -> None:
    whole = await transcribe.transcribe(ctx, Params())
    broken = Memory(ctx.engines, ctx.files, dies_after=2)
    with pytest.raises(ConnectionError):
        await transcribe.transcribe(broken, Params())

    again = broken.next_attempt()

    assert await transcribe.transcribe(again, Params()) == whole
    assert [one["id"] for _, one in again.history] == [0, 1]
    assert [one["id"] for _, one in again.events] == [2, 3]
    assert again.audio_seconds == pytest.approx(whole.duration_seconds / 2)


async def test_an_attempt_after_the_last_segment_decodes_nothing(ctx: Memory) -> None:
    whole = await transcribe.transcribe(ctx, Params())
    again = ctx.next_attempt()

    assert await transcribe.transcribe(again, Params()) == whole
    assert (again.events, again.audio_seconds) == ([], 0.0)
    assert again.outputs == ctx.outputs


async def test_a_checkpoint_is_small_however_much_was_said(ctx: Memory) -> None:
    engines = make_engines(Settings(engines="stub", stub=StubSettings(segments=2000)))
    long = Memory(engines, ctx.files)
    await transcribe.transcribe(long, Params())

    assert len(json.dumps(long.state)) < 300


async def test_of_segments_told_again_the_last_counts(ctx: Memory) -> None:
    """As after an attempt that had to begin anew."""
    whole = await transcribe.transcribe(ctx, Params())
    (_, first), *rest = ctx.events
    ctx.events[:] = [("segment", first | {"text": "misheard"}), ("other", {}), *rest, ("segment", first)]

    assert await transcribe.transcribe(ctx.next_attempt(), Params()) == whole


@pytest.mark.parametrize(
    "state",
    [
        {"from": "another version"},
        {"info": None, "segments": [], "done_seconds": 10.0},
        {"info": INFO, "segments": [], "done_seconds": 10.0},
        {"info": INFO, "segments": 2, "done_seconds": 10.0},
    ],
    ids=["unknown", "broken", "of version 0.1", "of more than was told"],
)
async def test_a_checkpoint_that_cannot_be_read_is_left_alone(ctx: Memory, state: dict[str, Any]) -> None:
    ctx.state = state

    assert [one.id for one in (await transcribe.transcribe(ctx, Params())).segments] == [0, 1, 2, 3]


async def test_segments_that_cannot_be_read_are_made_anew(ctx: Memory) -> None:
    whole = await transcribe.transcribe(ctx, Params())
    ctx.events[1] = ("segment", {"id": 1, "text": "of another form"})
    again = ctx.next_attempt()

    assert await transcribe.transcribe(again, Params()) == whole
    assert len(again.events) == 4


async def test_canceling_closes_the_engine(ctx: Memory) -> None:
    engines = _Endless()
    job = asyncio.create_task(transcribe.transcribe(Memory(cast("Engines", engines), ctx.files), Params()))
    await engines.transcriber.begun.wait()

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert engines.transcriber.closed


@pytest.mark.parametrize(
    "params", [{"language": "xx"}, {"temperature": 2}, {"task": "sing"}, {"speed": 2}, {"prompt": "a" * 5000}]
)
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["transcribe"] is KIND


class _EndlessTranscriber:
    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.closed = False

    async def transcribe(
        self,
        recording: Path,
        options: SpeechOptions,
        *,
        resume: SpeechInfo | None = None,
        from_seconds: float = 0.0,
        first_id: int = 0,
        priority: int = 0,
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        del recording, options, resume, from_seconds, first_id, priority
        try:
            yield SpeechInfo(language="en", language_probability=1, duration_seconds=1, model="endless")
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            self.closed = True


class _Endless:
    device = "none"

    def __init__(self) -> None:
        self.transcriber = _EndlessTranscriber()
        self.writer = StubWriter(LLMSettings())
        self.translator = StubTranslator(DeepLSettings())

    async def lost(self) -> None:
        """Not here."""

    async def close(self) -> None:
        """There is nothing to end."""


async def test_speakers_are_joined_to_words_segments_and_subtitles(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params(speakers=True, word_timestamps=False))
    plain = await transcribe.transcribe(Memory(ctx.engines, ctx.files), Params())

    assert [one.name for one in result.speakers or []] == ["S1", "S2"]
    assert result.text == plain.text
    assert [one.speaker for one in result.segments] == ["S1", "S2", "S2", "S1", "S1", "S2", "S2", "S1"]
    assert all({word.speaker for word in one.words or []} == {one.speaker} for one in result.segments)
    assert Transcript.model_validate_json(ctx.outputs["transcript.json"][0]) == result
    assert ctx.outputs["transcript.srt"][0].count(b"\nS1: ") > 1
    assert b"\n<v S2>" in ctx.outputs["transcript.vtt"][0]


async def test_telling_speakers_apart_has_a_share_of_the_progress(ctx: Memory) -> None:
    """It takes minutes, during which the job stood at 1."""
    await transcribe.transcribe(ctx, Params(speakers=True))

    assert ctx.stages[-2:] == ["diarizing", "writing"]
    assert ctx.fractions == pytest.approx([0, 0, 0.225, 0.45, 0.675, 0.9, 0.9, 1])
    assert ctx.etas[-3] is not None


async def test_the_time_that_is_left_counts_the_share_of_the_speakers(
    ctx: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = count()
    monkeypatch.setattr("playhead.hearing.work.time", SimpleNamespace(monotonic=lambda: next(clock)))
    await transcribe.transcribe(ctx, Params(speakers=True))

    # A second for each quarter of the recording, and the speakers take a tenth of the whole.
    whole = 4 / 0.9
    assert ctx.etas[2:6] == pytest.approx([whole - 1, whole - 2, whole - 3, whole - 4])


@pytest.mark.parametrize("dies_after", [2, 4])
async def test_the_progress_never_falls_back_within_a_later_attempt(ctx: Memory, dies_after: int) -> None:
    broken = Memory(ctx.engines, ctx.files, dies_after=dies_after)
    with suppress(ConnectionError):
        await transcribe.transcribe(broken, Params(speakers=True))
    again = broken.next_attempt()
    await transcribe.transcribe(again, Params(speakers=True))

    assert again.fractions == sorted(again.fractions)
    assert again.fractions[-2:] == [0.9, 1.0]


async def test_telling_speakers_apart_is_accounted_for(ctx: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    await transcribe.transcribe(ctx, Params())
    heard = ctx.device_seconds

    async def diarize(*_: object, **__: object) -> Diarized:
        return Diarized(turns=[Turn(start=0, end=9, speaker="S1")], device_seconds=2.5)

    monkeypatch.setattr(StubDiarizer, "diarize", diarize)
    again = Memory(ctx.engines, ctx.files)
    await transcribe.transcribe(again, Params(speakers=True))

    assert again.device_seconds == heard + 2.5
    assert again.audio_seconds == ctx.audio_seconds


async def test_the_number_of_speakers_may_be_bounded(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params.model_validate({"speakers": {"min": 3, "max": 4}}))
    assert [one.name for one in result.speakers or []] == ["S1", "S2", "S3"]
    result = await transcribe.transcribe(ctx, Params.model_validate({"speakers": {"max": 1}}))
    assert {one.speaker for one in result.segments} == {"S1"}


async def test_who_speaks_is_not_told_where_nobody_asked(ctx: Memory) -> None:
    result = await transcribe.transcribe(ctx, Params())
    assert result.speakers is None
    assert b"speaker" not in ctx.outputs["transcript.json"][0]


async def test_a_worker_without_the_extra_says_so_before_any_work(ctx: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> None:
        raise ModelUnavailableError("not installed")

    monkeypatch.setattr(StubDiarizer, "require", refuse)
    with pytest.raises(ModelUnavailableError):
        await transcribe.transcribe(ctx, Params(speakers=True))
    assert ctx.stages == []


@pytest.mark.parametrize("speakers", [{"min": 3, "max": 2}, {"min": 0}, {"count": 2}, "two"])
def test_bad_bounds_of_speakers_are_refused(speakers: object) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate({"speakers": speakers})
