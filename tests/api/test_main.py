"""The server as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from local.ports import any_free
from tests.api.conftest import ADMIN_KEY, submit

ROOT = Path(__file__).parents[2]
START_SECONDS = 60
SERVE = "from api.main import serve; from playhead.settings import Settings; serve(Settings(), {host!r}, {port})"


@asynccontextmanager
async def process(host: str, port: int, **settings: str) -> AsyncIterator[Process]:
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVE.format(host=host, port=port)),
        env={**os.environ, **{f"PLAYHEAD_{name}": value for name, value in settings.items()}},
        cwd=ROOT,
        stderr=PIPE,
    )
    try:
        yield made
    finally:
        if made.returncode is None:
            made.kill()
        await made.wait()


async def ready(client: httpx.AsyncClient, made: Process) -> None:
    async with asyncio.timeout(START_SECONDS):
        # The process has no other way to say so than to answer.
        while made.returncode is None:
            try:
                if (await client.get("/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError("the server ended")


async def test_sigterm_ends_it_with_status_0_though_clients_wait(database_url: str, tmp_path: Path) -> None:
    port = any_free("127.0.0.1")
    settings = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path), "ADMIN_KEY": ADMIN_KEY, "LOG_FORMAT": "json"}
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    base_url = f"http://127.0.0.1:{port}"
    async with (
        process("127.0.0.1", port, **settings) as made,
        httpx.AsyncClient(base_url=base_url, headers=headers, timeout=60, trust_env=False) as client,
    ):
        await ready(client, made)
        path = f"/api/v1/jobs/{(await submit(client))['id']}"
        wait = asyncio.create_task(client.get(f"{path}?wait=60"))
        async with client.stream("GET", f"{path}/events") as stream:
            lines = stream.aiter_lines()
            assert await anext(lines) == "event: state"
            made.send_signal(signal.SIGTERM)
            _, told = await asyncio.wait_for(made.communicate(), START_SECONDS)
            assert made.returncode == 0, told.decode()
            assert [line async for line in lines], "the stream ended as it should"
        assert (await wait).json()["state"] == "queued"
    lines_told = [json.loads(line) for line in told.decode().splitlines()]
    assert "/api/v1/jobs" in {line.get("path") for line in lines_told}
    assert not [line for line in lines_told if line["level"] in {"warning", "error"}]


async def test_auth_off_does_not_listen_to_everyone(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "DATA_DIR": str(tmp_path), "AUTH": "off"}
    async with process("0.0.0.0", any_free("127.0.0.1"), **settings) as made:  # noqa: S104 - it must be refused
        _, told = await asyncio.wait_for(made.communicate(), START_SECONDS)
        assert made.returncode
        assert b"PLAYHEAD_AUTH=off" in told


async def test_without_a_database_it_says_what_to_set(tmp_path: Path) -> None:
    async with process("127.0.0.1", any_free("127.0.0.1"), DATABASE_URL="", DATA_DIR=str(tmp_path)) as made:
        _, told = await asyncio.wait_for(made.communicate(), START_SECONDS)
        assert made.returncode
        assert b"PLAYHEAD_DATABASE_URL" in told
