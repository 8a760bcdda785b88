from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import ValidationError

from playhead.engines import Engines
from playhead.engines.conversion import Conversion, ConversionOptions, Converted
from playhead.kinds import convert
from playhead.kinds.convert import KIND, Params
from playhead.registry import kinds
from playhead.settings import Settings
from tests.kinds.memory import Memory
from worker.engines import make_engines


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    recording = tmp_path / "input-0"
    recording.write_bytes(b"any film")
    return Memory(make_engines(Settings(engines="stub", data_dir=tmp_path)), [recording])


async def test_stores_one_file_and_says_what_is_in_it(ctx: Memory) -> None:
    result = await convert.convert(ctx, Params(format="mp3", start_seconds=0.5))

    assert ctx.outputs == {"media.mp3": (b"any film", "audio/mpeg")}
    assert (result.format, result.size_bytes, result.duration_seconds) == ("mp3", 8, 1.5)
    assert [one.codec for one in result.streams] == ["mp3"]
    assert (result.copied, result.loudness, ctx.audio_seconds) == (False, None, 1.5)
    assert KIND.makes
    assert KIND.makes(Params(format="mp3")) == {"media.mp3": "media"}


async def test_tells_how_far_it_is(ctx: Memory) -> None:
    result = await convert.convert(ctx, Params(format="mp4", normalize=True, loudness_lufs=-23))

    assert ctx.stages == ["fetching", "measuring", "converting", "writing"]
    assert ctx.fractions == pytest.approx([0.0, 0.3, 1.0, 1.0])
    assert result.loudness
    assert result.loudness.output_lufs == -23


async def test_says_nothing_of_how_far_where_nobody_knows_how_long(ctx: Memory) -> None:
    parts: list[Conversion | Converted] = [
        Conversion("converting", 5, None),
        Converted(duration_seconds=9, streams=[], loudness=None),
    ]
    memory = Memory(cast("Engines", _Scripted(parts)), ctx.files)

    await convert.convert(memory, Params(format="mp3"))

    assert (memory.fractions, memory.etas) == ([0.0, 0.0, 1.0], [None, None, None])


async def test_what_is_begun_anew_waits_to_catch_up(ctx: Memory) -> None:
    """As where a container does not take what was to be copied into it."""
    parts = [Conversion("converting", seconds, 10) for seconds in (2, 6, 1, 5, 9)]
    memory = Memory(
        cast("Engines", _Scripted([*parts, Converted(duration_seconds=10, streams=[], loudness=None)])), ctx.files
    )

    await convert.convert(memory, Params(format="mp4"))

    assert memory.fractions == pytest.approx([0.0, 0.2, 0.6, 0.6, 0.6, 0.9, 1.0])


async def test_canceling_closes_the_engine(ctx: Memory) -> None:
    engines = _Scripted([Conversion("converting", 1, 2)])
    job = asyncio.create_task(convert.convert(Memory(cast("Engines", engines), ctx.files), Params(format="mp3")))
    await engines.converter.said_all.wait()

    job.cancel()

    with pytest.raises(asyncio.CancelledError):
        await job
    assert engines.converter.closed


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "format"),
        ({"format": "exe"}, "format"),
        ({"format": "mp3", "start_seconds": -1}, "start_seconds"),
        ({"format": "mp3", "start_seconds": 5, "end_seconds": 5}, "end_seconds"),
        ({"format": "wav", "bitrate_kbps": 128}, "bitrate_kbps"),
        ({"format": "mp3", "normalize": True, "loudness_lufs": -32}, "loudness_lufs"),
        ({"format": "mp3", "normalize": True, "loudness_lufs": -8}, "loudness_lufs"),
        ({"format": "mp3", "loudness_lufs": -23}, "loudness_lufs"),
        ({"format": "mp3", "filter": "x"}, "filter"),
        ({"format": "mp3", "start_seconds": float("nan")}, "start_seconds"),
        ({"format": "mp3", "start_seconds": float("inf")}, "start_seconds"),
    ],
)
def test_bad_params_are_refused_by_name(params: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Params.model_validate(params)

    assert [error["loc"] for error in refused.value.errors()] == [(field,)]


def test_the_registry_knows_it() -> None:
    assert kinds()["convert"] is KIND


class _ScriptedConverter:
    def __init__(self, parts: list[Conversion | Converted]) -> None:
        self.parts = parts
        self.said_all = asyncio.Event()
        self.closed = False

    async def convert(
        self, source: Path, target: Path, options: ConversionOptions
    ) -> AsyncGenerator[Conversion | Converted, None]:
        del source, options
        await asyncio.to_thread(target.touch)
        try:
            for part in self.parts:
                yield part
            self.said_all.set()
            await asyncio.Event().wait()
        finally:
            self.closed = True


class _Scripted:
    def __init__(self, parts: list[Conversion | Converted]) -> None:
        self.converter = _ScriptedConverter(parts)
