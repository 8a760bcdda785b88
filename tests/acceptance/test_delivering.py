"""A letter is sent once, whatever becomes of the worker: real processes, a real mail server, real kills."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import text

from playhead.states import State
from tests.acceptance import processes
from tests.mail_server import MailServer, mail_server

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.programs import Program
    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

TO = ["ann@example.com", "bob@example.org"]


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


def worker(house: House, server: MailServer) -> AbstractAsyncContextManager[Program]:
    settings = {f"MAIL__{name.upper()}": str(value) for name, value in server.settings().items()}
    return processes.worker(house, code=processes.PLAIN, ENGINES="real", **settings)


async def submit(house: House) -> UUID:
    params: dict[str, Any] = {"mail": {"to": TO, "subject": "What was said"}}
    return await house.submit(kind="deliver", queue="io", params=params, input={"text": "In *short*: yes."})


async def test_a_worker_killed_once_the_letter_was_taken_does_not_send_it_again(
    house: House, server: MailServer
) -> None:
    server.hold.clear()
    async with worker(house, server) as first:
        job_id = await submit(house)
        await server.arrived.wait()
        async with house.database.transaction() as session:
            # Read by nothing but the end of the run: it is kept from being written.
            await session.execute(text("LOCK TABLE engine_deaths IN ACCESS EXCLUSIVE MODE"))
            server.hold.set()
            assert (await house.kept(job_id))["recipients"] == TO
            first.process.kill()
            await first.ended()
    async with worker(house, server):
        job = await house.ended(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    (received,) = server.letters
    assert job.result is not None
    assert (received.recipients, received.message["Message-ID"]) == (TO, job.result["message_id"])
    assert received.body("html").count("<em>short</em>") == 1


async def test_a_worker_that_ends_waits_for_what_the_mail_server_says(house: House, server: MailServer) -> None:
    server.hold.clear()
    async with worker(house, server) as first:
        job_id = await submit(house)
        await server.arrived.wait()
        first.process.terminate()
        await first.says("worker_stopping")
        server.hold.set()
        assert await first.ended() == 0
    assert (await house.kept(job_id))["recipients"] == TO
    async with worker(house, server):
        job = await house.ended(job_id)
    assert (job.state, job.attempt, len(server.letters)) == (State.SUCCEEDED, 1, 1)


async def test_a_worker_killed_before_it_heard_sends_the_same_letter_again(house: House, server: MailServer) -> None:
    """Nobody can know: by its Message-ID a receiver does."""
    server.hold.clear()
    async with worker(house, server) as first:
        job_id = await submit(house)
        await server.arrived.wait()
        first.process.kill()
        await first.ended()
    server.hold.set()
    async with worker(house, server):
        job = await house.ended(job_id)
    assert (job.state, job.attempt, len(server.letters)) == (State.SUCCEEDED, 2, 2)
    assert len({received.message["Message-ID"] for received in server.letters}) == 1


async def test_a_worker_that_ends_does_not_wait_for_a_server_that_says_nothing(
    house: House, server: MailServer
) -> None:
    connected, left = asyncio.Event(), asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()
        left.set()

    async with await asyncio.start_server(keep_silent, "localhost", 0) as silent:
        server.port = silent.sockets[0].getsockname()[1]
        async with worker(house, server) as one:
            job_id = await submit(house)
            await connected.wait()
            one.process.terminate()
            await left.wait()
            assert await one.ended() == 0
    assert ((await house.job(job_id)).state, server.letters) == (State.QUEUED, [])
