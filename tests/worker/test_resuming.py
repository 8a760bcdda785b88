"""A transcription through the whole worker goes on from what its ledger holds, whatever ended the attempt before."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import pytest

from playhead.engines import SpeechInfo, SpeechStep
from playhead.errors import EngineCrashedError
from playhead.ledger import operate
from playhead.models import ADMIN_OWNER
from playhead.states import State
from worker.engines.stubs.transcriber import StubTranscriber

if TYPE_CHECKING:
    from tests.worker.conftest import House


@pytest.mark.parametrize("by_hand", [False, True], ids=["next attempt", "retry by hand"])
async def test_nothing_is_told_twice_or_decoded_again(
    house: House, monkeypatch: pytest.MonkeyPatch, *, by_hand: bool
) -> None:
    taken_up: list[tuple[float, int]] = []
    transcribe = StubTranscriber.transcribe

    async def dies_after_two(
        self: StubTranscriber, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        taken_up.append((kwargs["from_seconds"], kwargs["first_id"]))
        parts = 0
        async for part in transcribe(self, *args, **kwargs):
            yield part
            parts += 1
            if parts == 3 and len(taken_up) < 3:
                raise EngineCrashedError("boom")

    monkeypatch.setattr(StubTranscriber, "transcribe", dies_after_two)
    job_id = await house.submit(max_attempts=1 if by_hand else 3)
    async with house.worker(**house.slow(0, segments=6)):
        for _ in range(2 if by_hand else 0):
            assert (await house.ended(job_id)).state == State.FAILED
            async with house.database.transaction() as session:
                await operate.retry(session, ADMIN_OWNER, job_id)
        job = await house.ended(job_id)

    assert job.state == State.SUCCEEDED
    assert taken_up == [(0.0, 0), (10.0, 2), (20.0, 4)]
    told = await house.events(job_id, "segment")
    assert [segment["id"] for segment in told] == list(range(6))
    assert job.result is not None
    assert job.result["segments"] == told
    assert job.audio_seconds == 30.0
