"""What every converter must do, the stub as well as the real one."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from pathlib import Path
from typing import get_args

import pytest

from playhead.engines.conversion import Conversion, ConversionOptions, Converted, Converter, MediaFormat
from playhead.errors import InvalidError, MediaUnreadableError
from tests.engines.converters import AskedConverter
from tests.engines.recordings import made, pattern, tone
from worker.engines.stubs.converter import StubConverter


@pytest.fixture(params=["stub", "real"])
def tested(request: pytest.FixtureRequest, converter: AskedConverter) -> Converter:
    return StubConverter() if request.param == "stub" else converter


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of picture and sound."""
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    return made(path, *pattern(seconds=2), *tone(2), "-c:v", "mpeg4", "-c:a", "pcm_s16le")


async def _run(
    converter: Converter, source: Path, target: Path, options: ConversionOptions
) -> tuple[list[Conversion], Converted]:
    parts = [part async for part in converter.convert(source, target, options)]
    converted = parts.pop()
    assert isinstance(converted, Converted)
    steps = [part for part in parts if isinstance(part, Conversion)]
    assert len(steps) == len(parts), "what came out is told once, and last"
    return steps, converted


@pytest.mark.parametrize("form", get_args(MediaFormat))
async def test_makes_a_file_and_says_what_is_in_it(
    tested: Converter, film: Path, tmp_path: Path, form: MediaFormat
) -> None:
    target = tmp_path / f"media.{form}"

    steps, converted = await _run(tested, film, target, ConversionOptions(format=form))

    assert (await asyncio.to_thread(target.stat)).st_size
    assert converted.duration_seconds == pytest.approx(2.0, abs=0.1)
    assert [one.type for one in converted.streams] == (["video", "audio"] if form == "mp4" else ["audio"])
    assert all(one.stage == "converting" for one in steps)
    assert steps[-1].done_seconds == pytest.approx(2.0, abs=0.1)
    assert converted.loudness is None


async def test_cuts_and_leaves_the_picture_out(tested: Converter, film: Path, tmp_path: Path) -> None:
    options = ConversionOptions(format="mp4", start_seconds=0.5, end_seconds=1.25, audio_only=True)

    steps, converted = await _run(tested, film, tmp_path / "out.mp4", options)

    assert converted.duration_seconds == pytest.approx(0.75, abs=0.1)
    assert [one.type for one in converted.streams] == ["audio"]
    assert steps[-1].duration_seconds == pytest.approx(0.75, abs=0.1)


async def test_measures_before_it_normalises(tested: Converter, film: Path, tmp_path: Path) -> None:
    options = ConversionOptions(format="wav", normalize=True)

    steps, converted = await _run(tested, film, tmp_path / "out.wav", options)

    stages = [one.stage for one in steps]
    assert stages == sorted(stages, reverse=True)
    assert set(stages) == {"measuring", "converting"}
    assert converted.loudness
    assert converted.loudness.input_lufs < converted.loudness.output_lufs == pytest.approx(-16, abs=0.5)


async def test_closing_ends_the_work_and_the_next_has_its_turn(tested: Converter, film: Path, tmp_path: Path) -> None:
    options = ConversionOptions(format="mp3")
    async with aclosing(tested.convert(film, tmp_path / "out.mp3", options)) as parts:
        await anext(parts)

    with pytest.raises(StopAsyncIteration):
        await anext(parts)
    assert (await _run(tested, film, tmp_path / "out.mp3", options))[1].streams


async def test_an_empty_file_is_no_recording(tested: Converter, tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    empty.touch()

    with pytest.raises(MediaUnreadableError, match="empty"):
        await _run(tested, empty, tmp_path / "out.mp3", ConversionOptions(format="mp3"))


async def test_there_is_nothing_after_the_end(tested: Converter, film: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as refused:
        await _run(tested, film, tmp_path / "out.mp3", ConversionOptions(format="mp3", start_seconds=3))

    assert refused.value.field == "params.start_seconds"
