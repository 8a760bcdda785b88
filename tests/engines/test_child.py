"""An engine that serves one request at a time: see :mod:`tests.engines.scripted_child`."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import psutil
import pytest
from structlog.testing import capture_logs

from playhead.errors import EngineCrashedError, EngineDiedError, InvalidError, MediaUnreadableError
from playhead.settings import ChildSettings
from tests.engines.scripted_child import Said, Script
from worker.engines import process
from worker.engines.child import Child
from worker.engines.heap import keeping

Make = Callable[..., Child[Said]]
PATIENT = {"cancel_seconds": 60.0}


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    made: list[Child[Said]] = []

    def make(**settings: float) -> Child[Said]:
        given = ChildSettings.model_validate({"hang_seconds": 60, **PATIENT, **settings})
        made.append(Child("tests.engines.scripted_child", Said, given))
        return made[-1]

    yield make
    for child in made:
        await child.close()


async def _said(child: Child[Said], *actions: list[Any]) -> list[str]:
    return [said.text async for said in child.ask(Script(actions=list(actions)))]


async def _pid(child: Child[Said]) -> int:
    return int((await _said(child, ["pid"]))[0])


async def _gone(pid: int) -> None:
    with suppress(psutil.NoSuchProcess):
        await asyncio.to_thread(psutil.Process(pid).wait, 30)
    assert not psutil.pid_exists(pid)


async def test_it_is_started_on_first_use_and_replies_in_order(make: Make) -> None:
    child = make()
    assert child.pid is None
    assert await _said(child, ["reply", "one"], ["alive"], ["print", "noise"], ["reply", "zwei ü"]) == ["one", "zwei ü"]
    assert await _said(child) == []
    assert await _pid(child) == child.pid


async def test_requests_are_served_one_at_a_time_in_their_order(make: Make, tmp_path: Path) -> None:
    os.mkfifo(gate := tmp_path / "gate")
    child = make()
    first = asyncio.create_task(_said(child, ["wait", str(gate)], ["touch", str(tmp_path / "done")], ["reply", "1"]))
    rest = [asyncio.create_task(_said(child, ["reply", str(number)])) for number in (2, 3)]
    await asyncio.to_thread(gate.write_bytes, b"go")
    done = []
    for one in asyncio.as_completed([first, *rest]):
        done += await one
    assert done == ["1", "2", "3"]


async def test_a_cancellation_is_heard_at_the_next_word_and_leaves_the_engine(make: Make) -> None:
    child = make()
    async with aclosing(child.ask(Script(actions=[["reply", "1"]] * 100_000))) as replies:
        await anext(replies)
        pid = child.pid
    assert await _pid(child) == pid


async def test_an_engine_that_does_not_let_go_is_killed_and_the_next_in_line_is_served(make: Make) -> None:
    child = make(cancel_seconds=0.1)
    waiting = asyncio.create_task(_said(child, ["hang"]))
    deaf = await _busy(child)
    following = asyncio.create_task(_said(child, ["reply", "served"]))
    with capture_logs() as logged:
        waiting.cancel()
        assert await following == ["served"]
    assert [one["purpose"] for one in logged] == ["it did not let go of a canceled request"]
    assert not psutil.pid_exists(deaf)


async def _busy(child: Child[Said]) -> int:
    """Wait until the engine has the only request in hand; it says so to nobody but its worker."""
    async with asyncio.timeout(60):
        while not (child._talk and child._talk.busy_with):  # noqa: ASYNC110 - nobody is told of it
            await asyncio.sleep(0.01)
    assert child.pid
    return child.pid


async def test_who_gives_up_waiting_in_line_leaves_it(make: Make, tmp_path: Path) -> None:
    os.mkfifo(gate := tmp_path / "gate")
    child = make()
    first = asyncio.create_task(_said(child, ["wait", str(gate)], ["reply", "1"]))
    await _busy(child)
    second = asyncio.create_task(_said(child, ["reply", "2"]))
    third = asyncio.create_task(_said(child, ["reply", "3"]))
    second.cancel()
    await asyncio.wait([second])
    await asyncio.to_thread(gate.write_bytes, b"go")
    assert [await first, await third] == [["1"], ["3"]]
    assert second.cancelled()


@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (signal.SIGKILL, "killed by SIGKILL: probably out of memory"),
        (signal.SIGSEGV, "segmentation fault"),
    ],
)
async def test_a_death_is_put_down_to_the_request_in_hand_and_the_next_gets_a_new_engine(
    make: Make, number: int, cause: str
) -> None:
    child = make()
    dead = await _pid(child)
    replies = child.ask(Script(actions=[["reply", "before"], ["signal", number]]))
    assert (await anext(replies)).text == "before"
    with pytest.raises(EngineDiedError, match=cause) as raised:
        await anext(replies)
    frames = any("scripted_child.py" in line for line in getattr(raised.value, "__notes__", []))
    assert frames == (number == signal.SIGSEGV)
    assert await _pid(child) not in {dead, None}


async def test_a_death_between_requests_is_put_down_to_nobody(make: Make) -> None:
    child = make()
    dead = await _pid(child)
    os.kill(dead, signal.SIGKILL)  # Nobody has heard of it when the next request is sent.
    assert await _pid(child) != dead


async def test_an_engine_that_is_silent_for_too_long_is_killed(make: Make) -> None:
    child = make()
    replies = child.ask(Script(actions=[["reply", "in hand"], ["hang"]]))
    await anext(replies)  # However long it takes to start, and to have it in hand.
    child._settings.hang_seconds = 0.3
    with pytest.raises(EngineDiedError, match=r"it said nothing for 0\.3 seconds"):
        await anext(replies)
    assert child.pid is None


@pytest.mark.parametrize("garbage", ["garbage\n", '{"type": "replied", "id": 77, "reply": 1}\n', '{"type": "ready"}\n'])
async def test_what_cannot_be_understood_ends_the_engine(make: Make, garbage: str) -> None:
    child = make()
    with capture_logs() as logged, pytest.raises(EngineDiedError, match="it said what its worker"):
        await _said(child, ["say", garbage], ["hang"])
    assert [one["event"] for one in logged] == ["engine_died"]
    assert await _said(child, ["reply", "well"]) == ["well"]


async def test_a_line_without_end_ends_the_engine(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_LONGEST_LINE", 8_000)
    child = make()
    with pytest.raises(EngineDiedError, match="could not understand"):
        await _said(child, ["say", "x" * 20_000], ["hang"])


async def test_expected_errors_come_out_as_they_are(make: Make) -> None:
    child = make()
    pid = await _pid(child)
    with pytest.raises(MediaUnreadableError, match=r"As it was told to\."):
        await _said(child, ["fail", "MediaUnreadableError"])
    with pytest.raises(InvalidError) as raised:
        await _said(child, ["fail", "InvalidError"])
    assert raised.value.field == "params.script"
    assert await _pid(child) == pid


async def test_what_nobody_foresaw_is_told_without_blame_logged_and_renews_the_engine(make: Make) -> None:
    child = make()
    pid = await _pid(child)
    with capture_logs() as logged:
        with pytest.raises(EngineCrashedError, match="ZeroDivisionError") as raised:
            await _said(child, ["stumble"])
        await _gone(pid)
        assert await _pid(child) != pid
    assert not isinstance(raised.value, EngineDiedError)
    assert any("ZeroDivisionError" in one.get("line", "") for one in logged)


async def test_an_engine_that_cannot_start_is_told_with_what_it_printed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_START", "exit")
    child = make()
    with pytest.raises(EngineCrashedError, match=r"No engine could be started: .* exit code 1") as raised:
        await _said(child, ["reply", "never"])
    assert not isinstance(raised.value, EngineDiedError)
    assert raised.value.__notes__ == ["it was told not to start"]
    monkeypatch.delenv("SCRIPTED_START")
    assert await _said(child, ["reply", "now"]) == ["now"]


async def test_an_engine_that_never_begins_is_given_up(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_START", "hang")
    with pytest.raises(EngineCrashedError, match=r"No engine could be started: it said nothing for 0\.5 seconds"):
        await _said(make(start_timeout_seconds=0.5))


async def test_a_system_that_starts_no_process_costs_the_request(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    child = make()
    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "create_subprocess_exec", refuse)
        with pytest.raises(EngineCrashedError, match=r"No engine could be started: Cannot allocate memory\."):
            await _said(child)
    assert await _said(child, ["reply", "now"]) == ["now"]


async def test_an_idle_engine_is_ended_and_started_anew(make: Make) -> None:
    child = make(idle_unload_seconds=0.05)
    pid = await _pid(child)
    await _gone(pid)
    assert child.pid is None
    assert await _pid(child) != pid


async def test_closing_ends_the_engine_and_whoever_waits_for_it(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    spawn = AsyncMock(side_effect=process.ChildProcess.spawn)
    monkeypatch.setattr(process.ChildProcess, "spawn", spawn)
    child = make()
    waiting = [asyncio.create_task(_said(child, ["hang"])) for _ in range(2)]
    pid = await _busy(child)
    await asyncio.wait_for(child.close(), 30)
    assert not psutil.pid_exists(pid)
    for one in waiting:
        with pytest.raises(EngineCrashedError, match=r"closed") as raised:
            await one
        assert not isinstance(raised.value, EngineDiedError)
    assert spawn.await_count == 1, "an engine was started that nobody would end"


async def test_closing_ends_an_engine_that_is_being_started(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()
    spawn = process.ChildProcess.spawn
    pids = []

    async def slow(module: str) -> process.ChildProcess:
        made = await spawn(module)
        pids.append(made.pid)
        started.set()
        await go_on.wait()
        return made

    monkeypatch.setattr(process.ChildProcess, "spawn", slow)
    child = make()
    asking = asyncio.create_task(_said(child, ["hang"]))
    await started.wait()
    asking.cancel()
    closing = asyncio.create_task(child.close())
    go_on.set()
    await asyncio.wait_for(closing, 30)
    assert len(pids) == 1
    assert not psutil.pid_exists(pids[0])


async def test_one_that_does_not_die_is_lost_and_no_other_is_started(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = make()
    undead = psutil.Process(await _pid(child))
    assert child._talk
    talk = child._talk
    child._settings.hang_seconds = 0.1  # Only now: before, it had to start.
    undead.suspend()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(process, "_PARTING_SECONDS", 0.1)
            patched.setattr(process, "_DYING_SECONDS", 0.1)
            patched.setattr(process.ChildProcess, "kill", lambda _: None)
            with pytest.raises(EngineCrashedError, match="does not die"):
                await _said(child, ["reply", "never"])
        await asyncio.wait_for(child.lost(), 30)
    finally:
        undead.kill()
        await talk.process.gone()
        talk.process._pipes.close()
        await asyncio.sleep(0)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="others keep memory as they will")
async def test_memory_that_was_given_back_is_had_again_as_it_is(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in keeping().items():
        monkeypatch.setenv(name, value)
    [pages] = await _said(make(), ["fault"])
    assert int(pages) < 10
