"""Workers that sleep, in real processes: the first job wakes one, and it goes when there is nothing left."""

from __future__ import annotations

import asyncio
import os
import queue
import shlex
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from playhead.states import State
from tests.acceptance.processes import SOON, api, worker
from tests.cli.server import Answer, Asked, Server, running

if TYPE_CHECKING:
    import httpx

    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

HOOK = SOON | {"WAKE__EVERY_SECONDS": "0.5", "WAKE__QUEUES": '["gpu"]'}
WORKER = shlex.join([sys.executable, "-m", "cli.main", "worker", "--queues", "gpu", "--exit-when-idle", "0.5"])


def pipe(folder: Path, name: str) -> Path:
    """A named pipe: whoever reads it waits until somebody has written."""
    os.mkfifo(folder / name)
    return folder / name


async def read(path: Path) -> str:
    return await asyncio.to_thread(path.read_text)


async def transcribe(client: httpx.AsyncClient, content: bytes) -> dict[str, Any]:
    """A recording, from its upload to the end of its job."""
    file = (await client.post("/api/v1/files", files={"file": ("talk.wav", content)})).raise_for_status().json()
    asked = {"kind": "transcribe", "input": {"file": file["id"]}}
    job = (await client.post("/api/v1/jobs", json=asked)).raise_for_status().json()
    done = await client.get(f"/api/v1/jobs/{job['id']}", params={"wait": 60})
    return dict(done.raise_for_status().json())


async def test_a_job_wakes_a_worker_that_does_it_and_goes_and_the_next_job_another(
    house: House, tmp_path: Path
) -> None:
    ended, log, lock = pipe(tmp_path, "ended"), tmp_path / "worker.log", tmp_path / "lock"
    # As a worker takes longer to start than these calls are apart, all but the first find it started.
    start = f"({WORKER}; code=$?; rmdir {lock}; echo $code > {ended}) >> {log} 2>&1 &"
    command = f"if mkdir {lock}; then {start} fi"
    async with api(house, WAKE__COMMAND=command, **HOOK) as client:
        for number in range(2):
            job = await transcribe(client, b"recording %d" % number)
            assert (job["state"], job["attempt"]) == (State.SUCCEEDED, 1)
            assert await read(ended) == "0\n"
            queues = (await client.get("/api/v1/queues")).json()["items"]
            assert (queues[0]["name"], queues[0]["workers"], queues[0]["wake"]["error"]) == ("gpu", 0, None)
    assert log.read_text().count("worker_idle") == 2
    assert "no setting of Playhead" not in log.read_text()


async def test_when_the_api_that_calls_is_killed_another_calls(house: House, tmp_path: Path) -> None:
    called = pipe(tmp_path, "called")
    command = f'if mkdir {tmp_path}/once; then kill -9 $PPID; else echo "$PLAYHEAD_WAKE_QUEUE" > {called}; fi'
    told = HOOK | {"WAKE__COMMAND": command, "WAKE__TIMEOUT_SECONDS": "1"}
    async with api(house, **told), api(house, **told):
        await house.submit()
        assert await read(called) == "gpu\n"
    assert (tmp_path / "once").is_dir()


async def test_when_a_worker_was_killed_the_next_job_wakes_another(house: House) -> None:
    calls: list[Any] = []
    called = threading.Event()

    def wake(asked: Asked) -> Answer:
        calls.append(asked.json)
        called.set()
        return Answer(204, b"")

    hook = Server()
    hook.on("POST /wake", wake)
    with running(hook) as url:
        async with worker(house, "--queues", "gpu") as killed, api(house, WAKE__URL=f"{url}/wake", **HOOK) as client:
            assert (await transcribe(client, b"any recording"))["state"] == State.SUCCEEDED
            killed.process.kill()
            assert calls == []
            await house.submit(b"another recording")
            assert await asyncio.to_thread(called.wait, 60)
    assert (calls[0]["queue"], calls[0]["waiting"]) == ("gpu", 1)


async def submit_some(client: httpx.AsyncClient, count: int) -> None:
    """One after the other; where the API is too busy and says so, again."""
    body = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}
    for _ in range(count):
        key = {"Idempotency-Key": str(uuid4())}
        while (answer := await client.post("/api/v1/jobs", json=body, headers=key)).status_code == 503:
            assert answer.headers["Retry-After"]
        assert answer.status_code == 202


async def test_a_thousand_requests_fifty_at_once_to_two_apis_are_one_call(house: House) -> None:
    called: queue.Queue[str] = queue.Queue()

    def wake(asked: Asked) -> Answer:
        called.put(asked.json["queue"])
        return Answer(204, b"")

    hook = Server()
    hook.on("POST /wake", wake)
    with running(hook) as url:
        told = {"WAKE__URL": f"{url}/wake", "WAKE__EVERY_SECONDS": "600", "WAKE__QUEUES": '["gpu", "cpu"]'}
        async with api(house, **SOON, **told) as one, api(house, **SOON, **told) as other:
            await asyncio.gather(*(submit_some(client, 20) for client in 25 * (one, other)))
            # Whoever hears of this wish has heard of those before.
            spoken = await one.post("/api/v1/jobs", json={"kind": "speak", "input": {"text": "words"}})
            assert spoken.status_code == 202
            calls = [await asyncio.to_thread(called.get, timeout=60) for _ in range(2)]
            items = (await one.get("/api/v1/queues")).json()["items"]
    assert (sorted(calls), called.empty()) == (["cpu", "gpu"], True)
    assert items[0]["depth"] == 1000
