"""Everything that can go wrong with an engine, with one that does as it is told: see :mod:`tests.engines.scripted`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from structlog.testing import capture_logs

from playhead.engines import SpeechInfo, SpeechOptions, SpeechStep
from playhead.errors import EngineCrashedError, EngineDiedError
from playhead.settings import SpeechSettings
from worker.engines import process
from worker.engines.process import EngineProcess
from worker.engines.transcriber import SpeechTranscriber

if TYPE_CHECKING:
    from worker.engines.shift import Shift

Make = Callable[..., SpeechTranscriber]
Script = Callable[..., Path]

WELL = [["working", "decoding"], ["heard"], ["step", 10]]
BIG = 300_000_000


@pytest.fixture
async def make(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Make]:
    """Transcribers with settings of their own, ended after the test."""
    monkeypatch.setattr(process, "MODULE", "tests.engines.scripted")
    made: list[SpeechTranscriber] = []

    def make(**settings: float) -> SpeechTranscriber:
        made.append(SpeechTranscriber(SpeechSettings.model_validate(settings)))
        return made[-1]

    yield make
    for transcriber in made:
        await transcriber.close()


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes recordings for the scripted engine."""
    numbers = iter(range(100))

    def script(*actions: list[Any]) -> Path:
        path = tmp_path / f"recording-{next(numbers)}"
        path.write_text(json.dumps(actions))
        return path

    return script


def told(parts: list[SpeechInfo | SpeechStep]) -> list[tuple[int, str]]:
    """The number and text of each segment."""
    assert isinstance(parts[0], SpeechInfo)
    return [(one.id, one.text) for part in parts if isinstance(part, SpeechStep) for one in part.segments]


async def said(transcriber: SpeechTranscriber, recording: Path) -> list[str]:
    """The text of each segment."""
    return [text for _, text in told([part async for part in transcriber.transcribe(recording, SpeechOptions())])]


def shift_of(transcriber: SpeechTranscriber) -> Shift:
    shift = transcriber._keeper._shift
    assert shift is not None
    return shift


async def over(shift: Shift) -> None:
    await asyncio.wait_for(shift.over.wait(), 60)


SEGMENTATION_FAULT = ["signal", signal.SIGSEGV]
OUT_OF_MEMORY = ["signal", signal.SIGKILL]


@pytest.mark.parametrize(
    ("stage", "fault", "cause"),
    [
        ("reading", SEGMENTATION_FAULT, "segmentation fault"),
        ("loading", OUT_OF_MEMORY, "killed by SIGKILL: probably out of memory"),
        ("decoding", SEGMENTATION_FAULT, "segmentation fault"),
        ("decoding", OUT_OF_MEMORY, "killed by SIGKILL: probably out of memory"),
        ("decoding", ["exit", 3], "it ended by itself with exit code 3"),
    ],
)
async def test_a_death_at_any_stage_is_named_and_the_next_gets_a_fresh_engine(
    make: Make, script: Script, stage: str, fault: list[Any], cause: str
) -> None:
    transcriber = make()
    with pytest.raises(EngineCrashedError, match=f"The engine died: {cause}") as raised:
        await said(transcriber, script(["print", 1, "last words\n"], ["working", stage], fault))
    assert "last words" in raised.value.__notes__
    assert isinstance(raised.value, EngineDiedError) == (stage != "loading")

    assert await said(transcriber, script(*WELL)) == ["until 10"]


@pytest.mark.parametrize(
    ("stage", "fault", "changed"),
    [
        ("reading", ["hang"], "hang_seconds"),
        ("decoding", ["hang"], "hang_seconds"),
        ("decoding", ["signal", signal.SIGSTOP], "hang_seconds"),
        ("loading", ["hang"], "start_timeout_seconds"),
    ],
)
async def test_a_hang_at_any_stage_is_ended_and_named(
    make: Make, script: Script, stage: str, fault: list[Any], changed: str
) -> None:
    transcriber = make()
    await said(transcriber, script(*WELL))  # However long it takes to start.
    setattr(transcriber._settings, changed, 3)
    with pytest.raises(EngineCrashedError, match=f"got nowhere for 3 seconds while {stage}"):
        await said(transcriber, script(["working", stage], fault))
    assert transcriber.pid is None


async def test_an_engine_that_does_not_die_of_being_killed_is_given_up_and_no_other_is_begun(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that waits in a driver or for a file server. Here, it is stopped and never really killed."""
    transcriber = make()
    stages = ["waiting", "decoding"]
    both = [asyncio.create_task(said(transcriber, script(["working", stage], ["hang"]))) for stage in stages]
    await until_begun(transcriber, 2)
    monkeypatch.setattr(process, "_PARTING_SECONDS", 0.1)
    monkeypatch.setattr(process, "_DYING_SECONDS", 0.1)
    monkeypatch.setattr(EngineProcess, "kill", lambda _: None)
    engine = psutil.Process(shift_of(transcriber).process.pid)
    engine.suspend()
    shift_of(transcriber).kill("for whatever reason")
    try:
        for one in both:
            with pytest.raises(EngineCrashedError, match="The engine was killed and does not die"):
                await one
        await asyncio.wait_for(transcriber.lost(), 30)
        with pytest.raises(EngineCrashedError, match="No engine could be started: the last one was killed"):
            await said(transcriber, script(*WELL))
        await asyncio.wait_for(transcriber.close(), 30)
    finally:
        engine.kill()


async def test_an_engine_that_never_begins_anything_is_ended(make: Make, script: Script) -> None:
    """All that it was given only waits, so that none has a clock of its own."""
    transcriber = make(hang_seconds=1)
    idle = script(["working", "waiting"], ["hang"])
    both = await asyncio.gather(said(transcriber, idle), said(transcriber, idle), return_exceptions=True)
    assert [str(one) for one in both] == ["The engine began nothing for 1 seconds and was ended."] * 2
    assert [type(one) for one in both] == [EngineCrashedError] * 2


async def test_an_engine_that_hangs_before_its_first_word_is_ended(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_START", json.dumps(["signal", signal.SIGSTOP]))
    transcriber = make(start_timeout_seconds=1)
    with pytest.raises(EngineCrashedError, match="began nothing for 1 seconds"):
        await said(transcriber, script(*WELL))
    monkeypatch.delenv("SCRIPTED_START")
    assert await said(make(), script(*WELL)) == ["until 10"]


async def test_an_engine_that_dies_at_its_start_is_tried_again(
    make: Make, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_START", json.dumps(["once", str(tmp_path / "once"), ["exit", 3]]))
    assert await said(make(), script(*WELL)) == ["until 10"]


async def test_engines_that_always_die_at_their_start_cost_the_attempt(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_START", json.dumps(["exit", 3]))
    transcriber = make()
    with pytest.raises(EngineCrashedError, match=r"6 engines died .* the last: it ended by itself with exit code 3"):
        await said(transcriber, script(*WELL))


async def test_a_system_that_starts_no_process_costs_the_attempt(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcriber = make()
    with monkeypatch.context() as patched:

        async def refuse(*_: object, **__: object) -> None:
            raise OSError(11, "Resource temporarily unavailable")

        patched.setattr(asyncio, "create_subprocess_exec", refuse)
        descriptors = psutil.Process().num_fds()
        for _ in range(5):
            with pytest.raises(EngineCrashedError, match="No engine could be started: Resource temporarily unavail"):
                await said(transcriber, script(*WELL))
        await asyncio.sleep(0)  # The loop closes pipes in its next turn.
        assert psutil.Process().num_fds() == descriptors

    assert await said(transcriber, script(*WELL)) == ["until 10"]


@pytest.mark.parametrize("known", [False, True])
async def test_a_death_between_two_recordings_costs_nothing(make: Make, script: Script, *, known: bool) -> None:
    transcriber = make()
    await said(transcriber, script(*WELL))
    shift = shift_of(transcriber)
    os.kill(shift.process.pid, signal.SIGKILL)
    if known:
        await over(shift)
        assert transcriber.pid is None

    assert await said(transcriber, script(*WELL)) == ["until 10"]
    assert transcriber.pid not in {None, shift.process.pid}


async def test_of_two_in_hand_the_one_that_only_waited_goes_on_where_it_was(
    make: Make, script: Script, tmp_path: Path
) -> None:
    transcriber = make()
    waits = script(["once", str(tmp_path / "once"), *WELL, ["hang"]], *WELL[:2], ["step", 20])
    async with aclosing(transcriber.transcribe(waits, SpeechOptions())) as parts:
        heard = [await anext(parts), await anext(parts)]
        dies = asyncio.create_task(said(transcriber, script(["working", "decoding"], SEGMENTATION_FAULT)))
        heard += [part async for part in parts]
    with pytest.raises(EngineDiedError, match="segmentation fault"):
        await dies

    assert told(heard) == [(0, "until 10"), (1, "until 20")]


@pytest.mark.parametrize("first", ["killer", "innocent"])
async def test_of_two_that_were_begun_the_killer_alone_pays(
    make: Make, script: Script, tmp_path: Path, first: str
) -> None:
    """Where the innocent goes first, it is still in hand when the killer joins it: that proves nothing yet."""
    both_begun = tmp_path / "both begun"
    os.mkfifo(both_begun)
    meet = [["working", "waiting"], ["wait", str(both_begun)], SEGMENTATION_FAULT]
    killer = script(["once", str(tmp_path / "met"), *meet], ["working", "decoding"], SEGMENTATION_FAULT)
    # What it says comes after the mark that it was there: the engine may die as soon as that is heard.
    stays = [["once", str(tmp_path / "heard"), ["heard"], ["hang"]]]
    again = [["once", str(tmp_path / "stepped"), ["step", 10], ["hang"]]] if first == "innocent" else []
    innocent = script(["working", "decoding"], *stays, ["heard"], *again, ["step", 10], ["step", 20])
    transcriber = make()
    dies: list[asyncio.Task[list[str]]] = []

    async with aclosing(transcriber.transcribe(innocent, SpeechOptions())) as parts:
        if first == "killer":
            dies.append(asyncio.create_task(said(transcriber, killer)))
            await until_begun(transcriber, 1)
        heard = [await anext(parts)]
        if first == "innocent":
            dies.append(asyncio.create_task(said(transcriber, killer)))
            await until_begun(transcriber, 2)
        await asyncio.to_thread(both_begun.write_text, "go on")
        heard += [part async for part in parts]
    with pytest.raises(EngineDiedError, match="segmentation fault"):
        await dies[0]
    assert told(heard) == [(0, "until 10"), (1, "until 20")]


async def until_begun(transcriber: SpeechTranscriber, count: int) -> None:
    """The engine tells its worker, the worker tells nobody."""
    async with asyncio.timeout(60):
        while True:
            shift = transcriber._keeper._shift
            if shift and sum(work.is_begun for work in shift._works.values()) >= count:
                return
            await asyncio.sleep(0.01)


async def test_each_of_several_killers_dies_alone_and_costs_what_is_in_their_midst_nothing(
    make: Make, script: Script, tmp_path: Path
) -> None:
    released = tmp_path / "released"
    # In each engine it gets on by one step and stays.
    stays = [[["step", 10 * at], ["stay", str(released)]] for at in range(1, 11)]
    innocent = script(["working", "waiting"], ["heard"], *(action for pair in stays for action in pair))
    transcriber = make()
    async with aclosing(transcriber.transcribe(innocent, SpeechOptions())) as parts:
        heard = [await anext(parts), await anext(parts)]
        killer = script(["working", "decoding"], SEGMENTATION_FAULT)
        killers = [said(transcriber, killer) for _ in range(3)]
        assert [type(one) for one in await asyncio.gather(*killers, return_exceptions=True)] == [EngineDiedError] * 3
        released.touch()
        shift_of(transcriber).process.kill()
        heard += [part async for part in parts]
    assert told(heard) == [(number, f"until {10 * (number + 1)}") for number in range(10)]


async def test_an_engine_that_prints_without_end_keeps_nobody_from_work(make: Make, script: Script) -> None:
    line, lines = "0123456789\n", 300_000
    transcriber = make()
    with capture_logs() as logged:
        task = asyncio.create_task(
            said(transcriber, script(["print", lines, line], ["print", 1, "x" * 3_000_000 + "\n"], *WELL))
        )
        turns = 0
        while not task.done():
            await asyncio.sleep(0)
            turns += 1
        assert task.result() == ["until 10"]
        await transcriber.close()
    printed = [one for one in logged if one["event"] == "engine_printed"]
    left_out = sum(one["lines"] for one in logged if one["event"] == "engine_printed_more")
    assert len(printed) + left_out == lines + 1
    assert len(printed) < lines / 10
    assert max(len(one["line"]) for one in printed) == 1000
    assert turns > 100  # Others had theirs in between.


@pytest.mark.parametrize("text", ["no message\n", '{"type": "unheard of"}\n', "[" * 5000 + "\n", "x" * 20_000])
async def test_an_engine_that_cannot_be_understood_is_ended(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(process, "_LONGEST_LINE", 8_000)
    transcriber = make()
    with pytest.raises(EngineCrashedError, match="it said what its worker could not understand"):
        await said(transcriber, script(["working", "decoding"], ["say", text], ["hang"]))

    assert await said(transcriber, script(*WELL)) == ["until 10"]


async def test_what_a_dead_engine_leaves_behind_keeps_nobody_waiting(
    make: Make, script: Script, tmp_path: Path
) -> None:
    """As a library's helper process does, which has the engine's stderr."""
    transcriber = make()
    with pytest.raises(EngineCrashedError, match="SIGKILL"):
        await said(transcriber, script(["leave", str(tmp_path / "pid")], ["working", "decoding"], OUT_OF_MEMORY))
    left = psutil.Process(int((tmp_path / "pid").read_text()))
    assert left.is_running()
    left.kill()


async def test_an_engine_that_grows_during_a_recording_is_renewed_and_the_recording_goes_on(
    make: Make, script: Script, tmp_path: Path
) -> None:
    transcriber = make(recycle_above_bytes=200_000_000)
    measured = tmp_path / "measured"
    os.mkfifo(measured)

    # As one: the engine may be ended as soon as its worker hears of the step.
    leak = [["wait", str(measured)], ["grow", BIG], ["working", "decoding"], ["step", 20], ["hang"]]
    leaks_once = ["once", str(tmp_path / "leaked"), *leak]
    recording = script(*WELL, leaks_once, ["working", "decoding"], ["step", 30])
    with capture_logs() as logged:
        async with aclosing(transcriber.transcribe(recording, SpeechOptions())) as parts:
            heard = [await anext(parts), await anext(parts)]
            await asyncio.to_thread(measured.write_text, "as a fresh engine is")
            heard += [part async for part in parts]
    assert told(heard) == [(0, "until 10"), (1, "until 20"), (2, "until 30")]
    (outgrown,) = [one for one in logged if one["event"] == "engine_outgrown"]
    assert outgrown["held_bytes"] > BIG
    assert [one["purpose"] for one in logged if one["event"] == "engine_ended"] == ["outgrown"]


@pytest.mark.parametrize("worn", [{"recycle_after_jobs": 1}, {"recycle_above_bytes": 280_000_000}], ids=str)
async def test_short_recordings_do_not_have_a_long_one_read_again_and_again(
    make: Make, script: Script, tmp_path: Path, worn: dict[str, int]
) -> None:
    read = tmp_path / "read"
    os.mkfifo(read)
    transcriber = make(**worn)
    again = ["once", str(tmp_path / "begun"), ["wait", str(read)], ["step", 10]]
    long = asyncio.create_task(said(transcriber, script(["working", "reading"], ["heard"], again, ["step", 20])))
    await until_begun(transcriber, 1)
    first = transcriber.pid
    await said(transcriber, script(*WELL))
    await said(transcriber, script(["grow", BIG], *WELL))
    await said(transcriber, script(*WELL))
    assert transcriber.pid == first
    await asyncio.to_thread(read.write_text, "all of it")
    assert await long == ["until 10", "until 20"]
    await said(transcriber, script(*WELL))
    assert transcriber.pid not in {None, first}


async def test_an_engine_that_grew_is_renewed_for_the_next_recording(make: Make, script: Script) -> None:
    transcriber = make(recycle_above_bytes=200_000_000)
    await said(transcriber, script(*WELL))
    first = transcriber.pid
    await said(transcriber, script(["grow", BIG], *WELL))
    await said(transcriber, script(*WELL))
    assert transcriber.pid not in {None, first}


@pytest.mark.parametrize("bound", [0, 1_000_000], ids=["no bound", "less than a fresh engine needs"])
async def test_an_engine_is_not_renewed_for_what_a_fresh_one_would_hold_too(
    make: Make, script: Script, bound: int
) -> None:
    transcriber = make(recycle_above_bytes=bound)
    large = script(["grow", BIG], *WELL, ["step", 20], ["step", 30])
    await said(transcriber, large)
    first = transcriber.pid
    assert await said(transcriber, script(*WELL)) == ["until 10"]
    assert transcriber.pid == first


@pytest.mark.parametrize("stage", ["reading", "loading", "decoding"])
async def test_an_engine_that_lets_nothing_go_is_ended_and_the_others_go_on(
    make: Make, script: Script, stage: str, tmp_path: Path
) -> None:
    transcriber = make(cancel_seconds=0.2)
    other = script(["once", str(tmp_path / "once"), *WELL, ["hang"]], *WELL[:2], ["step", 20])
    canceled = script(["deaf"], ["working", stage], ["heard"], ["hang"])
    async with aclosing(transcriber.transcribe(other, SpeechOptions())) as parts:
        heard = [await anext(parts), await anext(parts)]  # It has done this once, however soon its engine is ended.
        with capture_logs() as logged:
            async with aclosing(transcriber.transcribe(canceled, SpeechOptions())) as let_go:
                await anext(let_go)
                held = transcriber.pid
            assert transcriber.pid != held
            assert not psutil.pid_exists(held or 0)
        heard += [part async for part in parts]
    (ended,) = [one for one in logged if one["event"] == "engine_ended"]
    assert ended["purpose"] == "it did not let go of a canceled recording"
    assert told(heard) == [(0, "until 10"), (1, "until 20")]


async def test_a_recording_that_is_canceled_while_its_engine_starts_is_never_begun(
    make: Make, script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    start = EngineProcess.start

    async def slow_start(*known: Any) -> EngineProcess:
        begun.set()
        await go_on.wait()
        return await start(*known)

    monkeypatch.setattr(EngineProcess, "start", slow_start)
    transcriber = make()
    task = asyncio.create_task(said(transcriber, script(["once", str(tmp_path / "begun"), ["heard"]], ["hang"])))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    go_on.set()

    assert await said(transcriber, script(*WELL)) == ["until 10"]
    assert shift_of(transcriber).taken == 1
    assert not (tmp_path / "begun").exists()
