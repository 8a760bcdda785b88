"""Engines that die, hang, or have nothing to do."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest
from structlog.testing import capture_logs

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.errors import EngineCrashedError, ModelUnavailableError
from playhead.settings import SpeechSettings
from playhead.transcript import Segment
from tests.engines.sounds import write_wave
from worker.engines.heap import keeping
from worker.engines.transcriber import SpeechTranscriber
from worker.engines.work import Work

pytestmark = pytest.mark.models

EXACT = SpeechOptions(temperature=0)
Make = Callable[..., SpeechTranscriber]


@pytest.fixture
async def make(tiny_english: str) -> AsyncIterator[Make]:
    """Transcribers with settings of their own, ended after the test."""
    made: list[SpeechTranscriber] = []

    def make(**settings: float) -> SpeechTranscriber:
        given = SpeechSettings.model_validate({"model": tiny_english, "device": "cpu", **settings})
        made.append(SpeechTranscriber(given))
        return made[-1]

    yield make
    for transcriber in made:
        await transcriber.close()


async def _all(transcriber: SpeechTranscriber, recording: Path) -> list[Segment]:
    return [
        segment
        async for part in transcriber.transcribe(recording, EXACT)
        if isinstance(part, SpeechStep)
        for segment in part.segments
    ]


@asynccontextmanager
async def _begun(
    transcriber: SpeechTranscriber, recording: Path
) -> AsyncIterator[AsyncIterator[SpeechInfo | SpeechStep]]:
    """A transcription whose first window is done and whose second is being decoded."""
    async with aclosing(transcriber.transcribe(recording, EXACT)) as parts:
        assert isinstance(await anext(parts), SpeechInfo)
        yield parts


async def _drain(parts: AsyncIterator[SpeechInfo | SpeechStep]) -> list[SpeechInfo | SpeechStep]:
    return [part async for part in parts]


def _pid(transcriber: SpeechTranscriber) -> int:
    assert transcriber.pid is not None
    return transcriber.pid


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (signal.SIGKILL, "killed by SIGKILL: probably out of memory"),
        pytest.param(signal.SIGSEGV, "segmentation fault", marks=pytest.mark.heavy),
        pytest.param(signal.SIGABRT, "aborted by one of its libraries", marks=pytest.mark.heavy),
    ],
)
async def test_a_death_is_named_and_the_next_recording_gets_a_new_engine(
    make: Make, long_speech: Path, speech: Path, number: signal.Signals, words: str
) -> None:
    transcriber = make()
    async with _begun(transcriber, long_speech) as parts:
        dead = _pid(transcriber)
        os.kill(dead, number)

        with pytest.raises(EngineCrashedError, match=words) as raised:
            await _drain(parts)

    assert await _all(transcriber, speech)
    assert transcriber.pid != dead
    printed = getattr(raised.value, "__notes__", [])
    assert any("Fatal Python error" in line for line in printed) == (number != signal.SIGKILL)


async def test_memory_of_one_batch_is_kept_for_the_next(
    make: Make, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in keeping():
        monkeypatch.delenv(name, raising=False)
    transcriber = make()
    await _all(transcriber, speech)
    assert keeping().items() <= psutil.Process(_pid(transcriber)).environ().items()


async def test_canceling_leaves_the_device_idle(make: Make, long_speech: Path) -> None:
    # Patient, so that a busy machine does not take the other way, that of ending the engine.
    transcriber = make(cancel_seconds=60)
    async with _begun(transcriber, long_speech):
        pid = _pid(transcriber)
        process = psutil.Process(pid)

    before = process.cpu_times().user
    assert await asyncio.to_thread(process.cpu_percent, 0.3) < 50
    assert process.cpu_times().user - before < 0.3
    assert transcriber.pid == pid


async def test_an_engine_that_does_not_let_go_is_ended_and_others_lose_nothing(
    make: Make, long_speech: Path, speech: Path
) -> None:
    transcriber = make()
    expected = await _all(transcriber, speech)
    async with asyncio.timeout(60), _begun(transcriber, long_speech):  # it is stopped for good
        stopped = _pid(transcriber)
        os.kill(stopped, signal.SIGSTOP)
        other = asyncio.create_task(_all(transcriber, speech))

    assert await other == expected
    assert transcriber.pid != stopped


def _endless_model(model: str, folder: Path) -> str:
    for part in Path(model).iterdir():
        if part.name != "model.bin":
            (folder / part.name).symlink_to(part)
    os.mkfifo(folder / "model.bin")
    return str(folder)


async def test_an_engine_that_loads_a_model_without_end_is_ended_by_a_cancellation(
    make: Make, tiny_english: str, speech: Path, tmp_path: Path
) -> None:
    """Its weights come from a pipe that nobody writes to, as from a file server that went away."""
    transcriber = make()
    options = SpeechOptions(model=_endless_model(tiny_english, tmp_path))
    loading = asyncio.create_task(_drain(transcriber.transcribe(speech, options)))
    work = await _at(transcriber, "loading")
    with capture_logs() as logged:
        loading.cancel()
        await asyncio.wait([loading])
    assert work.stage == "loading"
    assert [one["purpose"] for one in logged] == ["it did not let go of a canceled recording"]
    assert transcriber.pid is None

    assert await _all(transcriber, speech)


def _huge_wave(path: Path, *, said_to_last: int) -> Path:
    """A day of silence, as its size says; its header names another number of bytes. It takes no room on the disk."""
    write_wave(path, np.zeros(16000, np.int16))
    with path.open("r+b") as file:
        file.seek(40)
        file.write(struct.pack("<I", said_to_last))
        file.truncate(2_700_000_000)
    return path


async def test_a_huge_file_is_let_go_of_while_it_is_read(make: Make, speech: Path, tmp_path: Path) -> None:
    transcriber = make(cancel_seconds=60)
    await _all(transcriber, speech)
    engine = _pid(transcriber)
    huge = _huge_wave(tmp_path / "huge.wav", said_to_last=2_699_999_000)
    reading = asyncio.create_task(_drain(transcriber.transcribe(huge, EXACT)))
    await _at(transcriber, "reading")

    reading.cancel()
    await asyncio.wait([reading])

    assert await _all(transcriber, speech)
    assert _pid(transcriber) == engine


@pytest.mark.heavy
async def test_a_file_that_a_library_is_lost_in_is_let_go_of_by_ending_the_engine(
    make: Make, speech: Path, tmp_path: Path
) -> None:
    """The demuxer looks for the next chunk of the file through all of its zeros, and hears nobody meanwhile."""
    transcriber = make(cancel_seconds=0.5)
    await _all(transcriber, speech)
    hostile = _huge_wave(tmp_path / "hostile.wav", said_to_last=32_000)
    reading = asyncio.create_task(_drain(transcriber.transcribe(hostile, EXACT)))
    await _at(transcriber, "reading")
    await asyncio.to_thread(_until_read_to, psutil.Process(_pid(transcriber)), hostile, 1_000_000)
    with capture_logs() as logged:
        reading.cancel()
        await asyncio.wait([reading])
    assert [one["purpose"] for one in logged] == ["it did not let go of a canceled recording"]

    assert await _all(transcriber, speech)


def _until_read_to(engine: psutil.Process, path: Path, position: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if any(file.path == str(path) and file.position > position for file in engine.open_files()):
            return
        time.sleep(0.01)
    pytest.fail(f"{path} was not read")


async def _at(transcriber: SpeechTranscriber, stage: str) -> Work:
    """Wait until the only recording in hand is at this stage: the engine tells its worker, the worker tells nobody."""
    async with asyncio.timeout(120):
        while True:
            shift = transcriber._keeper._shift
            for work in shift._works.values() if shift else ():
                if work.stage == stage:
                    return work
            await asyncio.sleep(0.01)


@pytest.mark.heavy
@pytest.mark.skipif(sys.platform != "linux", reason="limits of other processes are set on Linux alone")
async def test_an_engine_without_memory_costs_one_attempt(make: Make, long_speech: Path, speech: Path) -> None:
    transcriber = make(hang_seconds=60)
    async with _begun(transcriber, long_speech) as parts:
        engine = psutil.Process(_pid(transcriber))
        engine.rlimit(psutil.RLIMIT_AS, (0, 0))

        with pytest.raises(EngineCrashedError):
            await _drain(parts)

    assert await _all(transcriber, speech)
    assert transcriber.pid != engine.pid


@pytest.mark.heavy
async def test_a_recording_that_only_waited_goes_on_where_it_was(make: Make, long_speech: Path, speech: Path) -> None:
    transcriber = make(recycle_after_jobs=1)
    async with _begun(transcriber, long_speech) as parts:
        first = _pid(transcriber)
        steps = [await anext(parts)]  # Before it, no engine is renewed: it would be read anew.
        short = await _all(transcriber, speech)
        steps += await _drain(parts)
        rest = [one for step in steps if isinstance(step, SpeechStep) for one in step.segments]

    assert short
    assert transcriber.pid != first
    assert [segment.id for segment in rest] == list(range(len(rest)))
    assert " ".join(one.text for one in rest).count("Dashwood") == 3


async def test_an_idle_engine_is_ended_and_its_memory_freed(make: Make, speech: Path) -> None:
    transcriber = make(idle_unload_seconds=0.05)
    await _all(transcriber, speech)
    shift = transcriber._keeper._shift
    assert shift is not None

    await asyncio.wait_for(shift.over.wait(), 60)

    assert transcriber.pid is None
    assert not psutil.pid_exists(shift.process.pid)
    assert await _all(transcriber, speech)


@pytest.mark.heavy
async def test_short_recordings_are_not_held_behind_long_ones(
    make: Make, quarter_of_an_hour: Path, speech: Path
) -> None:
    transcriber = make()
    async with _begun(transcriber, quarter_of_an_hour) as parts:
        short = asyncio.create_task(_all(transcriber, speech))
        long = asyncio.create_task(_drain(parts))

        await asyncio.wait([short, long], return_when=asyncio.FIRST_COMPLETED)

        assert short.done()
        assert not long.done()
        long.cancel()
        await asyncio.wait([long])
    assert short.result()


async def test_a_model_that_is_not_there_is_named(make: Make, speech: Path, tmp_path: Path) -> None:
    transcriber = make()
    options = SpeechOptions(model=str(tmp_path))

    with pytest.raises(ModelUnavailableError, match="could not be loaded") as raised:
        await _drain(transcriber.transcribe(speech, options))

    assert str(tmp_path) not in raised.value.message
    assert await _all(transcriber, speech)


WORKER = """
import asyncio, sys
from pathlib import Path
from playhead.engines import SpeechOptions
from playhead.settings import SpeechSettings
from worker.engines.transcriber import SpeechTranscriber

async def main():
    transcriber = SpeechTranscriber(SpeechSettings(model=sys.argv[1], device="cpu"))
    async for part in transcriber.transcribe(Path(sys.argv[2]), SpeechOptions(temperature=0)):
        print(transcriber.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("stopped", [pytest.param(False, marks=pytest.mark.heavy), True])
async def test_an_engine_dies_with_its_worker(tiny_english: str, long_speech: Path, *, stopped: bool) -> None:
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WORKER, tiny_english, str(long_speech)),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert worker.stdout is not None
    engine = psutil.Process(int(await worker.stdout.readline()))
    if stopped:
        engine.suspend()

    worker.kill()
    await worker.wait()

    await asyncio.to_thread(psutil.wait_procs, [engine], timeout=30)
    assert not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE
