"""From a feed to a letter, the worker killed inside of every step that can be held, and between every two of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select, text, update

from playhead.models import Delivery, Episode, Feed, Job
from playhead.states import State
from tests.acceptance import processes
from tests.acceptance.processes import worker
from tests.acceptance.witness import code, given
from tests.mail_server import MailServer, mail_server
from tests.podcasts.feeds import item, rss
from tests.podcasts.server import ADDRESS, answer, serving, silent

if TYPE_CHECKING:
    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

OPEN = {"FETCH__ALLOWED_NETWORKS": f'["{ADDRESS}/32"]'}
KEEPING_HOUSE = ("--kinds", "notate")
"""A worker that does what all do, and none of these jobs."""
PARTS = {"STUB__SEGMENTS": "20"}


async def subscribe(http: httpx.AsyncClient, url: str) -> None:
    asked = {"url": url, "notify": {"mail": "ann@example.com"}}
    (await http.post("/api/v1/subscriptions", json=asked)).raise_for_status()


async def due(house: House) -> None:
    """Let the lease of a poll that died be over."""
    async with house.database.transaction() as session:
        await session.execute(update(Feed).values(next_poll_at=func.now()))


async def job_of(house: House, kind: str) -> UUID:
    """The job of this kind, once it is queued: there is never a second one."""
    [job] = await house.once(
        lambda: rows(house, select(Job).filter_by(kind=kind)),
        lambda found: found and found[0].state != State.WAITING,
    )
    return UUID(str(job.id))


async def rows(house: House, wanted: Any) -> list[Any]:
    async with house.database.transaction() as session:
        return list(await session.scalars(wanted))


async def delivered(house: House) -> list[str]:
    return await rows(house, select(Delivery.state))


async def die_inside(house: House, job_id: UUID, kind: str, seen: Path) -> None:
    async with worker(house, "--kinds", kind, code=code(seen, gives=0), **OPEN, **PARTS) as first:
        await house.until(job_id, lambda job: job.state == State.RUNNING)
        first.process.kill()


async def die_after(house: House, job_id: UUID, kind: str, seen: Path) -> None:
    async with worker(house, "--kinds", kind, code=code(seen), **OPEN, **PARTS) as second:
        assert (await house.ended(job_id)).state == State.SUCCEEDED
        second.process.kill()


@asynccontextmanager
async def mailing(house: House, port: int) -> AsyncIterator[Any]:
    settings = {"MAIL__HOST": "localhost", "MAIL__PORT": str(port), "MAIL__SECURITY": "none"}
    settings["MAIL__SENDER"] = "playhead@example.com"
    about = {"ENGINES": "real", **settings}
    async with processes.worker(house, "--kinds", "deliver", code=processes.PLAIN, **about) as made:
        yield made


async def die_polling(house: House, asked: asyncio.Event) -> None:
    async with worker(house, *KEEPING_HOUSE, **OPEN) as first:
        await asked.wait()
        first.process.kill()


async def die_before_it_is_taken(house: House) -> None:
    connected = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.set()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(keep_silent, "localhost", 0)
    async with server, mailing(house, server.sockets[0].getsockname()[1]) as first:
        await connected.wait()
        first.process.kill()
        await first.ended()


async def die_once_it_is_taken(house: House, job_id: UUID, mail: MailServer) -> None:
    mail.hold.clear()
    async with mailing(house, mail.port) as second:
        await mail.arrived.wait()
        async with house.database.transaction() as session:
            # Read by nothing but the end of the run: it is kept from being written.
            await session.execute(text("LOCK TABLE engine_deaths IN ACCESS EXCLUSIVE MODE"))
            mail.hold.set()
            assert (await house.kept(job_id))["recipients"] == ["ann@example.com"]
            second.process.kill()
            await second.ended()


async def test_the_letter_comes_once(house: House, tmp_path: Path) -> None:
    seen, asked, released = tmp_path / "seen", asyncio.Event(), asyncio.Event()
    async with serving() as feeds, mail_server() as mail, processes.api(house, **OPEN) as http:
        feeds.answers["/audio.mp3"] = answer("200 OK", b"RIFF....WAVEfmt any sound", Content_Type="audio/mpeg")
        feeds.answers["/feed.xml"] = answer("200 OK", rss())
        await subscribe(http, feeds.url("/feed.xml"))
        feeds.answers["/feed.xml"] = silent(asked, released)
        await die_polling(house, asked)
        released.set()

        feeds.answers["/feed.xml"] = answer("200 OK", rss(item("rain", audio=feeds.url("/audio.mp3"))))
        await due(house)
        async with worker(house, *KEEPING_HOUSE, **OPEN) as third:
            await job_of(house, "transcribe")
            third.process.kill()
        for kind in ("transcribe", "summarize"):
            job_id = await job_of(house, kind)
            await die_inside(house, job_id, kind, seen)
            await die_after(house, job_id, kind, seen)

        async with worker(house, *KEEPING_HOUSE, **OPEN) as fourth:
            job_id = await job_of(house, "deliver")
            fourth.process.kill()
        await die_before_it_is_taken(house)
        await die_once_it_is_taken(house, job_id, mail)
        async with mailing(house, mail.port):
            job = await house.ended(job_id)
    assert (job.state, job.attempt) == (State.SUCCEEDED, 3)
    [letter] = mail.letters
    assert (letter.recipients, letter.message["Subject"]) == (["ann@example.com"], "A show: rain")
    assert set(given(seen).values()) == {1}, "nothing that was stored was asked for again"
    assert sorted(one.kind for one in await rows(house, select(Job))) == ["deliver", "summarize", "transcribe"]
    assert [one.state for one in await rows(house, select(Episode))] == ["ready"]
    if await delivered(house) != ["delivered"]:  # The last worker may have ended before its next turn.
        async with worker(house, *KEEPING_HOUSE, **OPEN) as last:
            await last.says("swept", task="deliveries")
    assert await delivered(house) == ["delivered"]
