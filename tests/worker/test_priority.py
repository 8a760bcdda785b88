"""The rank of a job goes with it to the engine, which decodes by it: see ``tests/engines/test_line.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from playhead.states import Priority, State
from worker.engines import process
from worker.engines.messages import Begin
from worker.engines.process import EngineProcess

if TYPE_CHECKING:
    import pytest

    from tests.worker.conftest import House
    from worker.engines.lines import Message

RECORDING = json.dumps([["heard"], ["step", 10]]).encode()
"""What the scripted engine is to do: see :mod:`tests.engines.scripted`."""


def job_of(begin: Begin) -> UUID:
    """Its recording lies in a folder that is named by the job and its lease."""
    return UUID(Path(begin.recording).parent.name.rpartition("-")[0])


async def test_the_engine_is_told_the_rank_of_each_job(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, send = dict[UUID, int](), EngineProcess.send

    def note(self: EngineProcess, message: Message) -> None:
        if isinstance(message, Begin):
            begun[job_of(message)] = message.priority
        send(self, message)

    monkeypatch.setattr(process, "MODULE", "tests.engines.scripted")
    monkeypatch.setattr(EngineProcess, "send", note)
    jobs = {await house.submit(RECORDING, priority=one): one.rank for one in Priority}
    async with house.worker(engines="real"):
        for job in jobs:
            assert (await house.ended(job)).state == State.SUCCEEDED
    assert begun == jobs
