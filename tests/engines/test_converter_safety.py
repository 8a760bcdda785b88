"""What ffmpeg cannot be made to do by a file, and how it ends when it must."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import psutil
import pytest

from playhead.engines.conversion import ConversionOptions
from playhead.errors import (
    ConverterUnavailableError,
    EngineCrashedError,
    EngineDiedError,
    MediaUnreadableError,
    PlayheadError,
    TooLargeError,
)
from playhead.settings import ConverterSettings
from tests.engines.converters import AskedConverter
from tests.engines.recordings import FFMPEG, made, tone
from worker.engines.conversion import arguments
from worker.engines.conversion.binary import find
from worker.engines.conversion.ffmpeg import FfmpegRun
from worker.engines.conversion.media import Media, Stream
from worker.engines.conversion.plan import Plan
from worker.engines.programs.program import NotStartedError
from worker.engines.programs.running import running

MP3 = ConversionOptions(format="mp3")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{}" width="9" height="9"/></svg>'
XBM = "#define a_width 8\n#define a_height 1\nstatic char a_bits[] = {{ 0x01 }};\n/* {} */\n"
ASS = "[Script Info]\n\n[Fonts]\nfontname: {}\n\n[Events]\nDialogue: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,Hello\n"
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\na=x:{}\nm=audio 5004 RTP/AVP 0\n"
DASH = '<?xml version="1.0"?><MPD><Period><AdaptationSet><BaseURL>{}</BaseURL></AdaptationSet></Period></MPD>'
HOSTILE = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{}\n#EXT-X-ENDLIST\n",
    "list.ffconcat": "ffconcat version 1.0\nfile '{}'\n",
    "image.svg": SVG,
    "image.xbm": XBM,
    "words.ass": ASS,
    "stream.sdp": SDP,
    "stream.mpd": DASH,
    "list.m3u": "{}\n",
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_file_that_names_another_is_refused(converter: AskedConverter, tmp_path: Path, name: str) -> None:
    secret = made(tmp_path / "secret.wav", *tone())
    hostile = tmp_path / name
    hostile.write_text(HOSTILE[name].format(secret))

    with pytest.raises(MediaUnreadableError):
        await converter.converted(hostile, "mp3")


@pytest.mark.parametrize(("demuxer", "why"), [("hls", "not on whitelist 'fd'"), ("concat", "Unsafe file name")])
async def test_ffmpeg_itself_would_refuse_it_too(tmp_path: Path, demuxer: str, why: str) -> None:
    """Even if the probe took it for something harmless: ffmpeg can open nothing by name."""
    secret = made(tmp_path / "secret.mp3", *tone())
    hostile = tmp_path / "hostile"
    hostile.write_text(HOSTILE["list.m3u8" if demuxer == "hls" else "list.ffconcat"].format(f"file:{secret}"))
    sound = Stream(index=0, type="audio", codec="mp3", channels=1, sample_rate=16_000)
    plan = Plan.of(Media(demuxer=demuxer, duration_seconds=1, best_audio=0, streams=[sound]), MP3)
    paths, settings = (hostile, tmp_path / "out.mp3"), ConverterSettings()
    refused = arguments.converting(await find(settings), settings, plan, paths[1], None)
    known = refused.index("-format_whitelist")
    let_in = refused[:known] + refused[known + 2 :]

    for command, words in ((refused, "Format not on whitelist"), (let_in, why)):
        with pytest.raises(PlayheadError) as failed:
            await _steps(FfmpegRun(settings, command, paths))
        assert words in " ".join(failed.value.__notes__)


async def _steps(work: FfmpegRun) -> list[float]:
    return [one async for one in work.steps()]


def fake(folder: Path, deed: str) -> Path:
    """An ffmpeg that only answers what it can read by, and then does this."""
    program = folder / "ffmpeg"
    program.write_text(f'#!/bin/sh\nif [ "$1" = -protocols ]; then echo fd; exit; fi\n{deed}\n')
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("deed", "error", "words"),
    [
        ("kill -SEGV $$", EngineDiedError, "segmentation fault"),
        ("kill -KILL $$", EngineDiedError, "out of memory"),
        ("echo '[mp3 @ 0x55] Invalid data' >&2; exit 1", MediaUnreadableError, r"ffmpeg says: \[mp3\] Invalid data"),
        ("echo 'av_interleaved: No space left on device' >&2; exit 228", EngineCrashedError, "disk is full"),
        ("echo 'x: File too large' >&2; exit 1", TooLargeError, "larger than"),
        ("echo 'no libavdevice.so.59' >&2; exit 127", NotStartedError, "could not be started: no libavdevice"),
        ("echo \"Unknown encoder 'libx264'\" >&2; exit 8", ConverterUnavailableError, "lacks an encoder"),
        ("echo \"No such filter: 'bwdif'\" >&2; exit 8", ConverterUnavailableError, "lacks a filter"),
        ("exit 0", MediaUnreadableError, "Nothing in the file"),
    ],
)
async def test_how_ffmpeg_ended_is_named(
    converter: AskedConverter, tmp_path: Path, deed: str, error: type[PlayheadError], words: str
) -> None:
    source = made(tmp_path / "in.wav", *tone(0.2))

    with pytest.raises(error, match=words) as failed:
        await converter.under(ffmpeg=fake(tmp_path, deed)).converted(source, "mp3")

    assert type(failed.value) is error
    assert str(tmp_path) not in failed.value.message


@pytest.mark.parametrize("deed", ["exec sleep 60", "while :; do echo frame=1; sleep 0.1; done"])
async def test_an_ffmpeg_that_gets_nowhere_is_ended(converter: AskedConverter, tmp_path: Path, deed: str) -> None:
    source = made(tmp_path / "in.wav", *tone(0.2))

    with pytest.raises(EngineDiedError, match="got nowhere for 1 seconds"):
        await converter.under(ffmpeg=fake(tmp_path, deed), hang_seconds=1).converted(source, "mp3")


async def test_an_ffmpeg_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version, found in (("5.1.6-0+deb12u1", Path(FFMPEG)), ("7.1.1", tmp_path / "ffmpeg")):
        program = tmp_path / "ffmpeg"
        program.write_text(f"#!/bin/sh\necho 'ffmpeg version {version} Copyright' >&2\necho fd\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
        assert await find(ConverterSettings()) == found.resolve()


async def test_an_ffmpeg_that_is_not_there_is_missed(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.wav", *tone(0.2))

    with pytest.raises(ConverterUnavailableError, match="CONVERTER__FFMPEG"):
        await converter.under(ffmpeg=tmp_path / "none").converted(source, "mp3")


async def test_an_ffmpeg_that_was_renewed_costs_an_attempt_and_is_looked_for_anew(
    converter: AskedConverter, tmp_path: Path
) -> None:
    source = made(tmp_path / "in.wav", *tone(0.2))
    program = fake(tmp_path, f'exec "{FFMPEG}" "$@"')
    asked = converter.under(ffmpeg=program)
    await asked.converted(source, "mp3")

    program.unlink()
    with pytest.raises(EngineCrashedError, match="could not be started: No such file") as failed:
        await asked.converted(source, "mp3")
    assert not isinstance(failed.value, EngineDiedError), "the recording is not to blame"
    with pytest.raises(ConverterUnavailableError, match="CONVERTER__FFMPEG"):
        await asked.converted(source, "mp3")


async def test_canceling_ends_ffmpeg_at_once(converter: AskedConverter, tmp_path: Path) -> None:
    source = made(tmp_path / "in.wav", *tone(0.2))
    told = tmp_path / "pid"
    endless = fake(tmp_path, f"echo $$ > '{told}'; echo out_time_us=1; echo progress=continue; exec sleep 3600")
    begun = asyncio.Event()

    async def work() -> None:
        async with aclosing(converter.under(ffmpeg=endless).convert(source, tmp_path / "out.mp3", MP3)) as parts:
            async for _ in parts:
                begun.set()

    task = asyncio.create_task(work())
    await begun.wait()
    child = psutil.Process(int(told.read_text()))
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert not child.is_running()


ORPHAN = """
import asyncio
from worker.engines.programs.running import running

async def main():
    async with running(["/bin/sleep", "3600"], name="sleep", largest_file_bytes=0) as program:
        print(program.pid, flush=True)
        await program.ended()

asyncio.run(main())
"""


@pytest.fixture
def orphan() -> Iterator[tuple[psutil.Process, psutil.Process]]:
    """A worker, and a program of its."""
    with psutil.Popen([sys.executable, "-c", ORPHAN], stdout=-1) as worker:
        yield psutil.Process(worker.pid), psutil.Process(int(worker.stdout.readline()))
        worker.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell a process of its parent's death")
def test_a_program_dies_with_its_worker(orphan: tuple[psutil.Process, psutil.Process]) -> None:
    worker, program = orphan

    worker.kill()

    program.wait(30)
    assert not program.is_running()


async def test_a_program_does_not_hear_what_is_meant_for_its_worker() -> None:
    deed = "import os, signal; os.kill(os.getpid(), signal.SIGTERM); print('alive')"
    async with running([sys.executable, "-c", deed], name="python", largest_file_bytes=0) as program:
        assert await program.line(30) == b"alive\n"
        assert await program.ended() == 0


async def test_a_program_is_not_told_the_secrets_of_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_ADMIN_KEY", "secret")
    deed = "import os; print('secret' in os.environ.values())"
    async with running([sys.executable, "-c", deed], name="python", largest_file_bytes=0) as program:
        assert await program.line(30) == b"False\n"


async def test_a_program_cannot_fill_the_disk(tmp_path: Path) -> None:
    deed = f"import pathlib; pathlib.Path({str(tmp_path / 'large')!r}).write_bytes(bytes(5000))"
    async with running([sys.executable, "-c", deed], name="python", largest_file_bytes=1000) as program:
        assert await program.line(30) == b""
        assert await program.ended() == 1
        assert "File too large" in program.complaints[-1]
    assert (tmp_path / "large").stat().st_size == 1000
