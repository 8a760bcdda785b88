"""What PostgreSQL notifies is small, however large a job is: its queue of news is shared by all, and has an end."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import worker.runner
from playhead.errors import EngineCrashedError
from playhead.ledger import history
from playhead.ledger.batches.create import BatchSubmission, create
from playhead.models import ADMIN_OWNER
from playhead.signals import Listener
from playhead.states import State
from playhead.tickets import place
from playhead.waking import calls, wishing
from tests.worker.conftest import SUBMISSION
from worker.outcome import Failure, Outcome
from worker.work import work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    import pytest

    from playhead.ledger.run import Run
    from tests.worker.conftest import House
    from worker.context import JobContext

LARGE = 10_000
SEGMENTS = 500
MOST_BYTES = 100
"""The longest has an id and a word, in JSON."""
CHANNELS = (
    *(history.CHANNEL, wishing.CHANNEL),
    *("procrastinate_any_queue_v1", f"procrastinate_queue_v1#{place('gpu', 'transcribe')}"),
)
Heard = defaultdict[str, list[str]]


@asynccontextmanager
async def hearing(house: House, last: asyncio.Event) -> AsyncIterator[Heard]:
    """All payloads, by their channels; ``last`` is set when a job has failed."""
    heard = Heard(list)

    def note(channel: str, payload: str) -> None:
        heard[channel].append(payload)
        if payload.endswith(f" {State.FAILED}"):
            last.set()

    channels = {channel: partial(note, channel) for channel in CHANNELS}
    async with Listener(house.database.url, channels) as listener:
        await listener.connected.wait()
        yield heard


async def fail_at_length(run: Run, context: JobContext) -> Outcome:
    await work(run, context)
    return Failure(EngineCrashedError("why " * LARGE))


async def submit(house: House) -> UUID:
    """In a batch, and with a hook for the wish that somebody be woken."""
    source = {"file": str(await house.upload(b"long" * LARGE))}
    said: dict[str, Any] = {"params": {"prompt": "word " * 800}, "metadata": {"notes": "n" * LARGE}}
    child = replace(SUBMISSION, input=source, max_attempts=2, **said)
    async with house.database.transaction() as session:
        await calls.arm(session, house.settings.wake, 15.0)
        return await create(session, BatchSubmission(ADMIN_OWNER, [child], trace_id="trace"))


async def test_payloads_are_small_all_the_way_of_a_large_job(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.runner, "work", fail_at_length)
    failed = asyncio.Event()
    async with hearing(house, failed) as heard:
        batch_id = await submit(house)
        async with house.worker(**house.slow(0.0, segments=SEGMENTS)):
            await failed.wait()
    assert heard.keys() == set(CHANNELS)
    assert str(batch_id) in heard[history.CHANNEL]
    assert {payload.partition(" ")[2] for payload in heard[history.CHANNEL]} >= {"queued", "running", "failed"}
    sizes = {payload: len(payload.encode()) for payloads in heard.values() for payload in payloads}
    assert {payload: size for payload, size in sizes.items() if size > MOST_BYTES} == {}
