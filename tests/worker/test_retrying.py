"""Asking the ledger in the midst of a run costs no attempt, however often the database is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from playhead.ledger.files import output_sha256
from playhead.states import State
from worker import inputs, retrying

if TYPE_CHECKING:
    from tests.worker.conftest import House


async def test_an_output_that_another_job_never_made(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def away_twice(*asking: Any) -> str:
        asked.append(asking)
        if len(asked) < 3:
            raise ConnectionRefusedError
        return await output_sha256(*asking)

    monkeypatch.setattr(retrying, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(inputs, "output_sha256", away_twice)
    async with house.worker():
        first = await house.submit()
        job = await house.ended(await house.submit(input={"job": str(first), "output": "never.txt"}))
    assert (job.state, (job.error or {})["code"], job.attempt) == (State.FAILED, "input_missing", 1)
    assert len(asked) == 3
