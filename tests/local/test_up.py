"""`playhead up`: everything comes up, stays up, and goes down without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import make_url

from local.plan import Plan
from local.ports import any_free
from local.postgres import EmbeddedPostgres
from local.readiness import _ask, ready
from local.up import up
from local.watch import keep_server
from playhead.errors import InvalidError, UnavailableError
from playhead.settings import Settings
from tests.local.rollcall import Call, RollCall, roll_call
from tests.programs import ROOT, environment


@dataclass
class Running:
    """One `up` in a process of its own, ready."""

    process: asyncio.subprocess.Process
    roll: RollCall
    api: Call
    worker: Call
    database: EmbeddedPostgres

    async def says(self, *words: str) -> None:
        """Return when it prints a line with these words."""
        assert self.process.stdout
        async with asyncio.timeout(60):
            async for line in self.process.stdout:
                if all(word in line.decode() for word in words):
                    return
        raise AssertionError(words)

    def postmaster(self) -> psutil.Process:
        assert self.database.pid
        return psutil.Process(self.database.pid)


@pytest_asyncio.fixture
async def running(folder: Path) -> AsyncIterator[Running]:
    data_dir, port = folder / "data", any_free("127.0.0.1")
    async with roll_call(folder) as roll:
        command = [sys.executable, "-m", "tests.local.up_with_fakes", str(roll.path), str(data_dir), str(port)]
        # Like a shell does for a terminal's foreground job: a process group of its own.
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, start_new_session=True, env=environment(), stdout=asyncio.subprocess.PIPE
        )
        try:
            api, worker = await roll.these("api", "worker")
            started = Running(process, roll, api, worker, EmbeddedPostgres(data_dir / "postgres"))
            await started.says("ready", str(port))
            yield started
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()


async def ended(process: psutil.Process) -> None:
    await asyncio.to_thread(process.wait, 30)


@pytest.mark.parametrize("end", [os.kill, os.killpg], ids=["to the process", "to the terminal's group"])
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.heavy),
        pytest.param(signal.SIGHUP, marks=pytest.mark.heavy),
    ],
)
async def test_a_signal_ends_all_in_order(
    running: Running, number: signal.Signals, end: Callable[[int, int], None]
) -> None:
    postmaster = running.postmaster()
    end(running.process.pid, number)
    assert await asyncio.wait_for(running.process.wait(), 30) == 0
    assert not postmaster.is_running()
    await running.api.has_gone()
    await running.worker.has_gone()
    assert running.roll.dead == ["worker", "api"]


async def test_killed_it_leaves_no_process(running: Running) -> None:
    postmaster = running.postmaster()
    running.process.kill()
    await running.api.has_gone()
    await running.worker.has_gone()
    await ended(postmaster)


async def test_a_killed_database_comes_back_under_its_url_and_the_parts_live_on(running: Running) -> None:
    url, killed = running.database.url, running.postmaster()
    killed.kill()
    await running.says("part_started", "postgres")
    assert running.database.url == url
    assert running.postmaster().pid != killed.pid
    with closing(psycopg.connect(url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not running.api.gone.is_set()
    assert not running.worker.gone.is_set()


async def test_a_killed_part_comes_back(running: Running) -> None:
    os.kill(running.worker.pid, signal.SIGKILL)
    again = await running.roll.next()
    assert (again.name, running.api.gone.is_set()) == ("worker", False)


async def test_a_server_that_had_to_move_is_announced(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = asyncio.Queue[str]()
    server = EmbeddedPostgres(folder / ("long" * 30), {"fsync": "off"})
    first = await asyncio.to_thread(server.start)
    keeping = asyncio.create_task(keep_server(server, moved.put_nowait))
    monkeypatch.setattr("local.reach.is_free", lambda *_: False)  # somebody was quicker
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    second = await asyncio.wait_for(moved.get(), 60)
    keeping.cancel()
    with closing(psycopg.connect(second)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    await asyncio.to_thread(server.stop)
    assert second != first


async def test_a_taken_port_is_refused_before_anything_is_started(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidError, match=f"port {port} of 127.0.0.1 is taken") as refused:
            await up(Settings(data_dir=folder / "data"), "127.0.0.1", port)
    assert refused.value.field == "port"
    assert not (folder / "data").exists()


async def test_failing_migrations_end_it_with_nothing_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Plan, "command", staticmethod(lambda *_: ("false",)))
    settings = Settings(data_dir=folder / "data", database_url=None)
    with pytest.raises(UnavailableError, match="`playhead migrate` exited with status 1"):
        await up(settings, "127.0.0.1", any_free("127.0.0.1"))
    assert EmbeddedPostgres(folder / "data" / "postgres").pid is None


async def test_an_api_that_never_gets_ready_is_told_with_its_last_answer() -> None:
    url = f"http://127.0.0.1:{any_free('127.0.0.1')}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await _ask(client)  # The first connection of a process loads libraries, for as long as that takes.
    with pytest.raises(UnavailableError, match=r"not ready after 1 seconds; its last answer: .*connection"):
        await ready(url, within_seconds=1)


def test_the_admin_key_is_made_once_and_is_private(folder: Path) -> None:
    settings = Settings(data_dir=folder, auth="keys", admin_key=None)
    plans = [Plan(settings, "127.0.0.1", 8000) for _ in range(2)]
    key = (folder / "admin.key").read_text()
    assert [plan.environment["PLAYHEAD_ADMIN_KEY"] for plan in plans] == [key, key]
    assert len(key) > 40
    assert stat.S_IMODE((folder / "admin.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("settings", [{"auth": "off"}, {"admin_key": SecretStr("chosen")}])
def test_no_key_is_made_where_none_is_needed(folder: Path, settings: dict[str, object]) -> None:
    plan = Plan(Settings.model_validate({"data_dir": folder, "admin_key": None, **settings}), "127.0.0.1", 8000)
    assert plan.key_file is None
    assert not (folder / "admin.key").exists()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),  # noqa: S104 - nothing is bound
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
    ],
)
def test_the_url_is_one_that_this_machine_can_ask(folder: Path, host: str, url: str) -> None:
    assert Plan(Settings(data_dir=folder, auth="off"), host, 80).url == url


def test_a_worker_that_is_kept_running_does_not_end_when_idle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_WORKER__EXIT_WHEN_IDLE_SECONDS", "5")
    plan = Plan(Settings(data_dir=folder, auth="off"), "127.0.0.1", 8000)
    assert not [part for part in plan.parts() if "PLAYHEAD_WORKER__EXIT_WHEN_IDLE_SECONDS" in part.env]


def test_parts_are_told_where_the_database_and_the_data_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    plan = Plan(Settings(data_dir=Path("data"), auth="off"), "127.0.0.1", 8000)
    plan.use_database("postgresql://somewhere/else")
    for part in plan.parts():
        assert part.env["PLAYHEAD_DATABASE_URL"] == "postgresql://somewhere/else"
        assert part.env["PLAYHEAD_DATA_DIR"] == str(folder / "data")
        assert make_url(part.env["PLAYHEAD_DATABASE_URL"]).database == "else"
