"""Parts are kept running, and end with their supervisor, however it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from local.backoff import Backoff
from local.part import Part, explain
from local.supervisor import Supervisor
from local.sweeper import Sweeper
from tests.local.rollcall import RollCall, roll_call

ROOT = Path(__file__).parents[2]


@pytest_asyncio.fixture
async def roll(folder: Path) -> AsyncIterator[RollCall]:
    async with roll_call(folder) as heard:
        yield heard


def part(roll: RollCall, name: str, *options: str, grace_seconds: float = 30.0) -> Part:
    return Part(name, roll.command(name, *options), dict(os.environ), grace_seconds)


async def test_leaving_ends_the_parts_in_reverse_order(roll: RollCall) -> None:
    async with Supervisor([part(roll, "api"), part(roll, "worker")]):
        api, worker = await roll.these("api", "worker")
    await api.has_gone()
    await worker.has_gone()
    assert roll.dead == ["worker", "api"]


async def test_a_killed_part_is_started_again_at_once_and_the_cause_is_told(roll: RollCall) -> None:
    with capture_logs() as logs:
        async with Supervisor([part(roll, "api")]):
            first = await roll.next()
            os.kill(first.pid, signal.SIGKILL)
            second = await roll.next()
    assert second.pid != first.pid
    (death,) = [entry for entry in logs if entry["event"] == "part_died"]
    assert (death["part"], death["cause"], death["again_in_seconds"]) == ("api", "killed by SIGKILL", 0.0)


async def test_the_death_of_one_part_leaves_the_others_alone(roll: RollCall) -> None:
    async with Supervisor([part(roll, "api"), part(roll, "worker")]):
        api, worker = await roll.these("api", "worker")
        os.kill(api.pid, signal.SIGKILL)
        assert (await roll.next()).name == "api"
        assert not worker.gone.is_set()


async def test_what_a_killed_part_started_ends_before_the_part_is_started_again(roll: RollCall) -> None:
    async with Supervisor([part(roll, "worker", "child")]):
        worker, child = await roll.these("worker", "worker-child")
        os.kill(worker.pid, signal.SIGKILL)
        await child.has_gone()
        await roll.these("worker", "worker-child")


async def test_a_part_that_ignores_the_wish_is_killed_after_its_grace_with_its_children(roll: RollCall) -> None:
    with capture_logs() as logs:
        async with Supervisor([part(roll, "worker", "deaf", "child", grace_seconds=0.05)]):
            worker, child = await roll.these("worker", "worker-child")
        await worker.has_gone()
        await child.has_gone()
    assert [entry["part"] for entry in logs if entry["event"] == "part_killed"] == ["worker"]


async def test_kill_ends_a_deaf_part_without_waiting_for_its_grace(roll: RollCall) -> None:
    async with Supervisor([part(roll, "worker", "deaf", grace_seconds=3600)]) as supervisor:
        worker = await roll.next()
        supervisor.kill()
    await worker.has_gone()


async def test_renew_starts_every_part_anew_with_what_its_environment_says_now(folder: Path, roll: RollCall) -> None:
    environment = {**os.environ, "WHO": "first"}
    script = 'exec "$0" -I -S "$1" "$2" "$WHO"'
    command = ("/bin/sh", "-c", script, sys.executable, roll.command("")[3], str(folder / "roll"))
    async with Supervisor([Part("named", command, environment)]) as supervisor:
        assert (await roll.next()).name == "first"
        environment["WHO"] = "second"
        supervisor.renew()
        assert (await roll.next()).name == "second"


async def test_a_part_that_cannot_be_started_is_tried_again_and_can_be_stopped(
    roll: RollCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as logs:
        async with Supervisor([part(roll, "api")]) as supervisor:
            stop, tries = asyncio.Event(), count(1)

            async def fail(*_: object, **__: object) -> None:
                if next(tries) == 3:
                    stop.set()
                raise BlockingIOError("no process is left")

            monkeypatch.setattr(supervisor._sweeper, "start", fail)
            await supervisor.run_until(stop)
    causes = [entry["cause"] for entry in logs if entry["event"] == "part_died"]
    assert causes[:2] == ["could not be started: no process is left"] * 2


async def test_a_program_that_is_not_there_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    sweeper = Sweeper()
    process = await sweeper.start(("/nonexistent/program",))
    assert await process.wait() == 127
    await asyncio.to_thread(sweeper.close)
    assert capfd.readouterr().err == "/nonexistent/program could not be started: No such file or directory\n"


async def test_a_part_that_begins_while_there_is_no_sweeper_is_known_to_the_next(roll: RollCall) -> None:
    sweeper = Sweeper()
    os.kill(sweeper.pid, signal.SIGKILL)
    await asyncio.to_thread(psutil.Process(sweeper.pid).wait, 20)
    await sweeper.start(roll.command("api"))
    api = await roll.next()
    await asyncio.to_thread(sweeper.close)
    await api.has_gone()


async def test_a_defect_beside_the_parts_is_raised(roll: RollCall) -> None:
    async def broken() -> None:
        raise LookupError("a defect")

    async with Supervisor([part(roll, "api")]) as supervisor:
        await roll.next()
        supervisor.attend(broken())
        with pytest.raises(LookupError, match="a defect"):
            await supervisor.run_until(asyncio.Event())


SUPERVISOR = """
import asyncio, json, os, sys
from local.part import Part
from local.supervisor import Supervisor
from local.sweeper import Sweeper
if sys.argv[2:] == ["silent"]:
    Sweeper._tell = lambda *_: None
async def main():
    parts = [Part(name, tuple(command), dict(os.environ), 30.0) for name, command in json.loads(sys.argv[1])]
    async with Supervisor(parts) as supervisor:
        print(supervisor.sweeper_pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


@contextmanager
def supervising(*parts: Part, silent: bool = False) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A supervisor in a process of its own, and the process id of its sweeper.

    One that is ``silent`` names no part to it, as if it were killed before it could.
    """
    named = json.dumps([(part.name, part.command) for part in parts])
    command = [sys.executable, "-c", SUPERVISOR, named, *["silent"] * silent]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


async def test_a_killed_supervisor_leaves_no_process(roll: RollCall) -> None:
    with supervising(part(roll, "api"), part(roll, "worker", "child")) as (process, sweeper_pid):
        sweeper = psutil.Process(sweeper_pid)
        calls = await roll.these("api", "worker", "worker-child")
        process.kill()
        for call in calls:
            await call.has_gone()
        await asyncio.to_thread(sweeper.wait, 20)


async def test_a_supervisor_killed_before_it_told_of_a_part_leaves_none(roll: RollCall) -> None:
    with supervising(part(roll, "api"), silent=True) as (process, _):
        api = await roll.next()
        process.kill()
        await api.has_gone()


async def test_a_killed_sweeper_is_replaced_when_it_is_next_needed(roll: RollCall) -> None:
    with supervising(part(roll, "api"), part(roll, "worker")) as (process, sweeper_pid):
        api, worker = await roll.these("api", "worker")
        os.kill(sweeper_pid, signal.SIGKILL)
        os.kill(api.pid, signal.SIGKILL)
        again = await roll.next()
        process.kill()
        await again.has_gone()
        await worker.has_gone()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"),
        (3, "exited with status 3"),
        (-9, "killed by SIGKILL"),
        (-200, "killed by signal 200"),
    ],
)
def test_an_end_in_words(status: int, words: str) -> None:
    assert explain(status) == words


def test_the_delay_doubles_to_its_cap_while_deaths_come_early_and_is_forgotten_after_a_life() -> None:
    backoff = Backoff(young_seconds=10, base_seconds=1, cap_seconds=5)
    assert [backoff.after(0.1) for _ in range(6)] == [0, 1, 2, 4, 5, 5]
    assert [backoff.after(0.1) for _ in range(10_000)][-1] == 5
    assert backoff.after(60) == 0
    assert [backoff.after(0.1) for _ in range(2)] == [0, 1]
