from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

import pysubs2
import pytest
from pydantic import ValidationError

from playhead.errors import ModelUnavailableError
from playhead.hearing import Speakers
from playhead.kinds.generate_srt import KIND, Params, generate_srt
from playhead.registry import kinds
from playhead.settings import Settings, StubSettings
from tests.kinds.memory import Memory
from worker.engines import make_engines
from worker.engines.stubs.diarizer import StubDiarizer


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    recording = tmp_path / "input"
    recording.write_bytes(b"any sound")
    return Memory(make_engines(Settings(engines="stub", stub=StubSettings(segments=4))), [recording])


def _lines(ctx: Memory) -> tuple[pysubs2.SSAFile, list[list[str]]]:
    (content, _) = ctx.outputs["subtitles.srt"]
    read = pysubs2.SSAFile.from_string(content.decode())
    return read, [event.plaintext.split("\n") for event in read]


async def test_gives_subtitles_that_others_can_read(ctx: Memory) -> None:
    result = await generate_srt(ctx, Params())

    (read, _), (_, media_type) = _lines(ctx), ctx.outputs["subtitles.srt"]
    assert (list(ctx.outputs), media_type) == (["subtitles.srt"], "application/x-subrip")
    assert result.cues == len(read) > 0
    assert (result.language, result.duration_seconds, result.model) == ("en", 20.0, "stub:small")
    assert " ".join(event.plaintext for event in read).split() == [
        word for _, segment in ctx.events for word in segment["text"].split()
    ]


async def test_or_web_vtt(ctx: Memory) -> None:
    await generate_srt(ctx, Params(format="vtt"))

    assert ctx.outputs["subtitles.vtt"][0].startswith(b"WEBVTT\n\n00:00:00.000 --> ")
    assert ctx.outputs["subtitles.vtt"][1] == "text/vtt"


async def test_the_rules_are_kept(ctx: Memory) -> None:
    await generate_srt(ctx, Params(max_line_chars=20, max_lines=1, gap_seconds=0.5, max_seconds=3))

    read, lines = _lines(ctx)
    assert all(len(one) == 1 and len(one[0]) <= 20 for one in lines)
    assert all(after.start - before.end >= 500 for before, after in pairwise(read))
    assert all(event.duration <= 3000 for event in read)


async def test_a_later_attempt_goes_on_from_the_checkpoint(ctx: Memory) -> None:
    whole = await generate_srt(ctx, Params())
    broken = Memory(ctx.engines, ctx.files, dies_after=2)
    with pytest.raises(ConnectionError):
        await generate_srt(broken, Params())
    again = broken.next_attempt()

    assert await generate_srt(again, Params()) == whole
    assert again.outputs == ctx.outputs
    assert [segment["id"] for _, segment in again.events] == [2, 3]


async def test_speakers_are_named_where_they_begin_and_the_rules_are_kept(ctx: Memory) -> None:
    result = await generate_srt(ctx, Params(speakers=True, max_line_chars=20, max_lines=1))

    _, lines = _lines(ctx)
    told = [line.partition(": ")[0] for (line,) in lines if line.startswith("S")]
    assert told == ["S1", "S2", "S1", "S2", "S1"]
    assert all(len(line) <= 20 for (line,) in lines)
    assert [one.name for one in result.speakers or []] == ["S1", "S2"]


async def test_web_vtt_has_them_as_voices(ctx: Memory) -> None:
    await generate_srt(ctx, Params(speakers=Speakers(max=1), format="vtt"))

    blocks = ctx.outputs["subtitles.vtt"][0].decode().split("\n\n")[1:]
    assert blocks
    assert all("\n<v S1>" in block for block in blocks)


async def test_speakers_that_cannot_be_told_apart_are_refused_before_the_work(
    ctx: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: StubDiarizer) -> NoReturn:
        raise ModelUnavailableError("the extra `speakers` is not installed")

    monkeypatch.setattr(StubDiarizer, "require", away)
    with pytest.raises(ModelUnavailableError):
        await generate_srt(ctx, Params(speakers=True))
    assert ctx.events == []


async def test_a_translation_says_the_language_of_its_cues_and_the_one_spoken(ctx: Memory) -> None:
    result = await generate_srt(ctx, Params(task="translate", language="fr"))

    assert (result.language, result.spoken_language) == ("en", "fr")


async def test_silence_gives_an_empty_file(ctx: Memory) -> None:
    ctx.state = {
        "info": {"language": "und", "language_probability": 0, "duration_seconds": 20, "model": "m"},
        "segments": 0,
        "done_seconds": 20,
    }
    result = await generate_srt(ctx, Params())

    assert (result.cues, ctx.outputs["subtitles.srt"][0]) == (0, b"")


@pytest.mark.parametrize(
    "params",
    [
        {"language": "xx"},
        {"max_line_chars": 3},
        {"gap_seconds": 2},
        {"min_seconds": 5, "max_seconds": 2},
        {"format": "ass"},
        {"speakers": {"min": 3, "max": 2}},
        {"word_timestamps": False},
    ],
)
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["generate_srt"] is KIND
    assert KIND.makes
    assert KIND.makes(Params(format="vtt")) == {"subtitles.vtt": "subtitles"}
