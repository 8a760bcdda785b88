"""Repairs of subtitles through the whole worker go on from what its ledger holds: no window is paid for twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from playhead.errors import WriterUnavailableError
from playhead.states import State
from worker.engines.stubs.writer import StubWriter

if TYPE_CHECKING:
    from tests.worker.conftest import House

SRT = "".join(
    f"{n}\n00:{n // 60:02d}:{n % 60:02d},000 --> 00:{n // 60:02d}:{n % 60:02d},900\nline {n}\n\n" for n in range(400)
)


async def test_no_window_is_asked_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[str] = []
    away = iter([4, 3])
    left = next(away)
    write = StubWriter.write

    async def goes_away(self: StubWriter, instructions: str, text: str, *rest: Any, **about: Any) -> Any:
        nonlocal left
        if left == 0:
            left = next(away, 1000)
            raise WriterUnavailableError("away")
        left -= 1
        answered.extend(re.findall(r"^\[(\d+)\]", text, re.MULTILINE))
        return await write(self, instructions, text, *rest, **about)

    monkeypatch.setattr(StubWriter, "write", goes_away)
    job_id = await house.submit(SRT.encode(), kind="fix_srt", queue="llm")
    async with house.worker():
        job = await house.ended(job_id)

    assert (job.state, job.attempt) == (State.SUCCEEDED, 3)
    assert sorted(map(int, answered)) == list(range(1, 401))
    assert job.result is not None
    assert (job.result["cues"], job.result["left"]) == (400, [])
    told = await house.events(job_id, "window")
    assert sorted(int(number) for window in told for number in window["texts"]) == list(range(1, 401))
    assert await house.outputs(job_id) == {"subtitles.srt": SRT.encode()}
