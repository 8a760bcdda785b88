from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any

import pytest

from playhead.engines import SpeechInfo, SpeechStep
from playhead.kinds.transcribe import KIND, Params
from playhead.ledger import operate
from playhead.ledger.sharing.keys import work_of
from playhead.models import ADMIN_OWNER
from playhead.registry import kinds
from playhead.states import State
from tests.fetch.conftest import SERVER, ScriptedServer, answer
from tests.http_server import serving
from worker.engines.stubs.transcriber import StubTranscriber

if TYPE_CHECKING:
    from tests.worker.conftest import House


def shared(house: House) -> dict[str, Any]:
    params = Params()
    work = work_of(ADMIN_OWNER, KIND, params, house.settings)
    return {"work": work, "params": params.model_dump(mode="json")}


async def test_one_of_many_runs_and_the_others_leave_their_places(house: House) -> None:
    async with house.worker(**house.slow(0.3)):
        jobs = [await house.submit(b"the same", **shared(house)) for _ in range(8)]
        done = [await house.ended(job_id) for job_id in jobs]
    assert {job.state for job in done} == {State.SUCCEEDED}
    (led,) = [job for job in done if job.cached_from is None]
    assert {job.attempt for job in done if job is not led} == {0}
    assert await house.outputs(jobs[0]) == await house.outputs(jobs[-1])


async def test_another_takes_over_from_a_leader_that_is_canceled(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    transcribe, leading = StubTranscriber.transcribe, asyncio.Event()

    async def first_hangs(self: StubTranscriber, *args: Any, **kwargs: Any) -> AsyncGenerator[SpeechInfo | SpeechStep]:
        if not leading.is_set():
            leading.set()
            await asyncio.Event().wait()
        async for part in transcribe(self, *args, **kwargs):
            yield part

    monkeypatch.setattr(StubTranscriber, "transcribe", first_hangs)
    async with house.worker():
        first = await house.submit(b"the same", **shared(house))
        await leading.wait()
        second = await house.submit(b"the same", **shared(house))
        await house.until(second, lambda job: job.follows)
        async with house.database.transaction() as session:
            await operate.cancel(session, ADMIN_OWNER, first)
        job = await house.ended(second)
    assert (job.state, job.attempt, job.cached_from) == (State.SUCCEEDED, 1, None)


async def test_what_a_url_gives_is_known_by_its_bytes(house: House) -> None:
    scripted = ScriptedServer()
    scripted.scripts["/talk.mp3"] = [answer("200 OK", b"the same", {"Content-Type": "audio/mpeg"})]
    fetch = house.settings.fetch.model_copy(update={"allowed_networks": [IPv4Network(f"{SERVER}/32")]})
    async with serving(SERVER, scripted.choose) as scripted.port, house.worker(fetch=fetch):
        first = await house.ended(await house.submit(b"the same", **shared(house)))
        there: dict[str, Any] = {"input": {"url": scripted.url("/talk.mp3")}}
        job = await house.ended(await house.submit(**there, **shared(house)))
    assert (job.state, job.cached_from, job.attempt, job.result) == (State.SUCCEEDED, first.id, 0, first.result)


async def test_media_that_nobody_can_read_fail_all(house: House) -> None:
    jobs = [await house.submit(b"", **shared(house)) for _ in range(3)]
    async with house.worker():
        done = [await house.ended(job_id) for job_id in jobs]
    assert {job.error["code"] for job in done if job.error} == {"media_unreadable"}


async def test_work_of_other_settings_is_other_work(house: House) -> None:
    mine = shared(house)["work"]
    house.settings.speech.beam_size += 1
    assert shared(house)["work"] != mine


def test_what_acts_on_the_world_is_never_shared() -> None:
    assert {name for name, kind in kinds().items() if kind.cached_by is None} == {"deliver", "digest", "tell"}
