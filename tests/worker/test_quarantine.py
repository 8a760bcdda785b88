"""Inputs that kill engines, in a worker whose engine they do kill."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from sqlalchemy import func, insert, select

from playhead.engines import SpeechInfo, SpeechStep
from playhead.errors import EngineDiedError, InputQuarantinedError
from playhead.ledger import quarantine
from playhead.models import EngineDeaths
from playhead.pulse import Pulse
from playhead.states import State
from tests.fetch.conftest import SERVER, ScriptedServer, answer
from tests.http_server import serving
from worker.engines.stubs.transcriber import StubTranscriber
from worker.housekeeping import Housekeeping

if TYPE_CHECKING:
    from tests.worker.conftest import House

DEADLY = b"a deadly recording"


class Ward:
    """The stub engine, but that deadly content kills it, ``deaths`` times."""

    def __init__(self) -> None:
        self.deaths = 1000
        self.given: list[bytes] = []

    async def transcribe(
        self, transcriber: StubTranscriber, recording: Path, *args: Any, **kwargs: Any
    ) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        content = await asyncio.to_thread(recording.read_bytes)
        self.given.append(content)
        if content == DEADLY and self.deaths > 0:
            self.deaths -= 1
            message = "The engine died: segmentation fault (SIGSEGV)."
            raise EngineDiedError(message)
        async for step in _transcribe(transcriber, recording, *args, **kwargs):
            yield step


_transcribe = StubTranscriber.transcribe


@pytest.fixture
def ward(monkeypatch: pytest.MonkeyPatch) -> Ward:
    made = Ward()

    def transcribe(self: StubTranscriber, *args: Any, **kwargs: Any) -> AsyncGenerator[SpeechInfo | SpeechStep, None]:
        return made.transcribe(self, *args, **kwargs)

    monkeypatch.setattr(StubTranscriber, "transcribe", transcribe)
    return made


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[ScriptedServer]:
    """A web server that gives the deadly recording."""
    scripted = ScriptedServer()
    scripted.scripts["/talk.mp3"] = [answer("200 OK", DEADLY, {"Content-Type": "audio/mpeg"})]
    async with serving(SERVER, scripted.choose) as scripted.port:
        yield scripted


async def deaths(house: House) -> list[int]:
    async with house.database.transaction() as session:
        return list(await session.scalars(select(EngineDeaths.deaths)))


async def condemn(house: House, sha256: str) -> None:
    found = {"kind": "transcribe", "sha256": sha256, "deaths": 2, "job_ids": [], "last_error": {}}
    async with house.database.transaction() as session:
        await session.execute(insert(EngineDeaths).values(**found, quarantined_at=func.now()))


def reaching(house: House) -> dict[str, Any]:
    return {"fetch": house.settings.fetch.model_copy(update={"allowed_networks": [IPv4Network(f"{SERVER}/32")]})}


async def outcome(house: House, **changes: Any) -> tuple[str, str, int]:
    job = await house.ended(await house.submit(**changes))
    return job.state, (job.error or {}).get("code", ""), job.attempt


async def test_the_second_engine_is_the_last_that_an_input_kills(house: House, ward: Ward) -> None:
    async with house.worker():
        assert await outcome(house, content=DEADLY, max_attempts=9) == (State.FAILED, "engine_crashed", 2)
        with pytest.raises(InputQuarantinedError):
            await house.submit(DEADLY)
        assert await outcome(house, content=b"harmless") == (State.SUCCEEDED, "", 1)
    assert ward.given.count(DEADLY) == 2


async def test_a_job_that_was_queued_before_meets_no_engine(house: House, ward: Ward) -> None:
    served = {name: house.settings.worker.model_copy(update={"queues": [name]}) for name in ("gpu", "cpu")}
    queued = await house.submit(DEADLY, queue="cpu", max_attempts=9)
    async with house.worker(worker=served["gpu"]):
        await outcome(house, content=DEADLY)
    async with house.worker(worker=served["cpu"]):
        job = await house.ended(queued)
    assert job.error is not None
    assert (job.state, job.error["code"], job.attempt) == (State.FAILED, "input_quarantined", 1)
    assert "playhead quarantine lift transcribe" in job.error["message"]
    assert len(ward.given) == 2


async def test_what_a_url_gives_is_judged_by_its_bytes(house: House, ward: Ward, server: ScriptedServer) -> None:
    there = {"input": {"url": server.url("/talk.mp3")}}
    async with house.worker(**reaching(house)):
        assert await outcome(house, **there) == (State.FAILED, "engine_crashed", 2)
        assert await outcome(house, **there) == (State.FAILED, "input_quarantined", 1)
        with pytest.raises(InputQuarantinedError):
            await house.submit(DEADLY)
    assert len(ward.given) == 2


async def test_a_success_of_a_url_ends_the_count(house: House, ward: Ward, server: ScriptedServer) -> None:
    ward.deaths = 1
    async with house.worker(**reaching(house)):
        job = await house.ended(await house.submit(input={"url": server.url("/talk.mp3")}))
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    assert await deaths(house) == []


async def test_what_another_job_makes_is_judged_by_its_bytes(house: House, ward: Ward) -> None:
    first = await house.submit()
    async with house.worker():
        await house.ended(first)
    await condemn(house, hashlib.sha256((await house.outputs(first))["transcript.txt"]).hexdigest())
    made = await house.submit()  # The same content makes the same transcript.
    taker = await house.submit(input={"job": str(made), "output": "transcript.txt"})
    async with house.worker():
        job = await house.ended(taker)
    assert job.error is not None
    assert (job.state, job.error["code"], job.attempt) == (State.FAILED, "input_quarantined", 1)
    assert len(ward.given) == 2


async def test_a_text_is_judged_as_a_file_of_it_is(house: House, ward: Ward) -> None:
    await condemn(house, hashlib.sha256(DEADLY).hexdigest())
    alone, listed = [
        await house.submit(input=asked) for asked in ({"text": DEADLY.decode()}, {"all": [{"text": DEADLY.decode()}]})
    ]
    async with house.worker():
        jobs = [await house.ended(job_id) for job_id in (alone, listed)]
    assert [(job.error or {}).get("code") for job in jobs] == ["input_quarantined"] * 2
    assert ward.given == []


async def test_a_database_that_is_away_for_a_moment_lets_nothing_through(
    house: House, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    require_free = quarantine.require_free

    async def away_at_first(*args: Any, **kwargs: Any) -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ConnectionResetError
        await require_free(*args, **kwargs)

    served = {name: house.settings.worker.model_copy(update={"queues": [name]}) for name in ("gpu", "cpu")}
    queued = await house.submit(DEADLY, queue="cpu")
    async with house.worker(worker=served["gpu"]):
        await outcome(house, content=DEADLY)
    monkeypatch.setattr("worker.context.require_free", away_at_first)
    async with house.worker(worker=served["cpu"]):
        job = await house.ended(queued)
    assert job.error is not None
    assert (job.error["code"], job.attempt, asked) == ("input_quarantined", 1, 2)
    assert len(ward.given) == 2


async def test_housekeeping_forgets_what_killed_nothing_for_long(house: House) -> None:
    retention = house.settings.retention.model_copy(update={"quarantine_seconds": 1e-6})
    settings = house.settings.model_copy(update={"retention": retention})
    keeper = Housekeeping(house.database, house.storage, settings, Pulse.of(settings.worker))
    async with house.database.transaction() as session:
        session.add(EngineDeaths(kind="transcribe", sha256="a" * 64, deaths=1, job_ids=[], last_error={}))
    await keeper.turns["quarantine"]()
    assert await deaths(house) == []
