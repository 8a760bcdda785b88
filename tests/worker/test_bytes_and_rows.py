"""No row ever points at bytes that are not there, whoever stores, settles, deletes, clears away or dies meanwhile.

Everybody stops at each step: before and after each transaction begins and is committed, each look at a blob, each
move and each removal. Dice say who goes on next, and who dies there.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from sqlalchemy import delete, func, select, text

from playhead.errors import PlayheadError, StorageError
from playhead.identity import new_id
from playhead.ledger import workers
from playhead.ledger.claim import claim
from playhead.ledger.files import add_file
from playhead.ledger.submit import submit
from playhead.models import ADMIN_OWNER, Blob, File, Job, Output
from playhead.settings import RetrySettings
from playhead.storage import Storage
from playhead.storage.opening import open_place
from tests.activity import be_idle
from tests.worker.conftest import SUBMISSION
from worker import settling
from worker.context import JobContext
from worker.orphans import clear_orphans
from worker.outcome import Success
from worker.settling import Settling

if TYPE_CHECKING:
    from uuid import UUID

    from playhead.database import Database
    from playhead.storage.place import Place
    from tests.worker.conftest import House

NO_AGE = -60.0  # so that everything is old enough to be cleared away: nothing but the order of the steps protects it
LOCKED_SECONDS = 0.1
PARKED_SECONDS = 3600  # an actor stands still until chance picks it again
RECORDINGS = [b"one recording", b"another"]


class Died(BaseException):
    pass


@dataclass(eq=False)
class Actor:
    """Somebody who does one thing, step by step."""

    name: str
    parked: asyncio.Event = field(default_factory=asyncio.Event)
    may_go: asyncio.Event = field(default_factory=asyncio.Event)
    dead: bool = False
    task: asyncio.Task[str] | None = None

    async def step(self) -> None:
        if not self.dead:
            self.may_go.clear()
            self.parked.set()
            await self.may_go.wait()
        if self.dead:  # and whatever would clear up after it does nothing either
            raise Died

    def begin(self, act: Callable[[Actor], Awaitable[Any]]) -> None:
        self.task = asyncio.create_task(self._end(act))

    async def _end(self, act: Callable[[Actor], Awaitable[Any]]) -> str:
        try:
            await self.step()
            await act(self)
        except PlayheadError as error:
            return error.code
        except Died:
            return "died"
        finally:
            self.parked.set()
        return "done"

    async def go_on(self, *, dies: bool) -> None:
        """One step further; without waiting for the end of it, if it waits for another's lock."""
        self.dead = dies
        self.parked.clear()
        self.may_go.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.parked.wait(), LOCKED_SECONDS)

    @property
    def ended(self) -> bool:
        return self.task is not None and self.task.done()


@dataclass
class StepwiseDatabase:
    database: Database
    actor: Actor

    @asynccontextmanager
    async def transaction(self, **_: float) -> AsyncIterator[Any]:
        await self.actor.step()
        async with self.database.transaction(patience_seconds=PARKED_SECONDS) as session:
            await be_idle(session)
            yield session
            await self.actor.step()
        await self.actor.step()


@dataclass
class StepwiseStore:
    store: Any
    actor: Actor

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    async def head_async(self, key: str) -> Any:
        await self.actor.step()
        found = await self.store.head_async(key)
        await self.actor.step()
        return found


@dataclass
class StepwisePlace:
    place: Place
    actor: Actor

    @property
    def store(self) -> Any:
        return StepwiseStore(self.place.store, self.actor)

    @property
    def bulk(self) -> Any:
        return self.place.bulk

    async def promote(self, incoming: str, blob: str, size_bytes: int) -> None:
        await self.actor.step()
        await self.place.promote(incoming, blob, size_bytes)
        await self.actor.step()

    def unfinished(self, before: datetime) -> AsyncIterator[str]:
        return self.place.unfinished(before)

    async def remove(self, key: str) -> None:
        await self.actor.step()
        await self.place.remove(key)
        await self.actor.step()


@dataclass
class Stage:
    house: House
    place: Place
    dice: random.Random
    worker_id: UUID
    told: Counter[str] = field(default_factory=Counter)

    def parts(self, actor: Actor) -> tuple[Database, Storage]:
        storage = Storage(cast("Place", StepwisePlace(self.place, actor)))
        storage._marked = True
        return cast("Database", StepwiseDatabase(self.house.database, actor)), storage

    async def upload(self, actor: Actor) -> None:
        """As the API does it."""
        database, storage = self.parts(actor)
        blob = await storage.put_bytes(self.dice.choice(RECORDINGS))
        about: dict[str, Any] = {"name": None, "media_type": "audio/wav", "duration_seconds": None}
        async with database.transaction() as session:
            await add_file(session, owner_id=ADMIN_OWNER, blob=blob, expires_in_seconds=60, **about)
            await storage.confirm([blob])

    async def work(self, actor: Actor) -> None:
        """As a worker does it, from the first output to the settling."""
        async with self.house.database.transaction() as session:
            job_id = await submit(session, replace(SUBMISSION, input={"url": "https://example.com/talk"}))
        async with self.house.database.transaction() as session:
            run = await claim(session, job_id, self.worker_id)
        assert run is not None
        database, storage = self.parts(actor)
        nothing: Any = None
        context = JobContext(run, database, storage, nothing, nothing, Path("unused"), nothing)
        await context.save_output("one", self.dice.choice(RECORDINGS), "text/plain")
        await context.save_output("other", self.dice.choice(RECORDINGS), "text/plain")
        told = await Settling(database, storage, RetrySettings()).settle(context, Success({}))
        if told != "succeeded":
            raise StorageError(told)

    async def forget(self, actor: Actor) -> None:
        """What retention and owners do: let nothing point at some of the bytes any more."""
        await actor.step()
        async with self.house.database.transaction() as session:
            await session.execute(delete(self.dice.choice([File, Output])))

    async def sweep(self, actor: Actor) -> None:
        await clear_orphans(*self.parts(actor), NO_AGE)

    async def play(self) -> None:
        """One act: all of them at once, some of whom die."""
        acts = [self.upload, self.upload, self.work, self.work, self.forget, self.sweep, self.sweep, self.sweep]
        actors = [Actor(f"{act.__name__} {number}") for number, act in enumerate(acts)]
        for actor, act in zip(actors, acts, strict=True):
            actor.begin(act)
        while playing := [actor for actor in actors if not actor.ended]:
            ready = [actor for actor in playing if actor.parked.is_set()]
            if ready:
                await self.run(self.dice.choice(ready))
            else:  # each waits for a lock, or for PostgreSQL to answer
                await asyncio.wait([actor.task for actor in playing if actor.task], timeout=LOCKED_SECONDS)
        self.told.update([f"{actor.name.split()[0]} {await actor.task}" for actor in actors if actor.task])

    async def run(self, actor: Actor) -> None:
        """Let one do a few steps, as far as nobody's lock is in the way."""
        for _ in range(self.dice.randint(1, 10)):
            await actor.go_on(dies=self.dice.random() < 0.02)
            await asyncio.sleep(0)
            if actor.ended or not actor.parked.is_set():
                return

    async def check(self) -> None:
        """Every row that may be pointed at, and so every one that is, has its bytes."""
        async with self.house.database.transaction() as session:
            kept = (await session.execute(select(Blob.sha256, Blob.size_bytes).where(~Blob.deleting))).all()
            doomed = select(Blob.sha256).where(Blob.deleting)
            for pointing in (File, Output):
                pointed = select(func.count()).select_from(pointing).where(pointing.sha256.in_(doomed))
                assert await session.scalar(pointed) == 0
        for sha256, size_bytes in kept:
            data = b"".join([chunk async for chunk in await self.house.storage.read(sha256)])
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (sha256, size_bytes)

    async def bury_the_dead(self) -> None:
        """Time goes by: what the dead have doomed is free again, and their runs are over."""
        async with self.house.database.transaction() as session:
            await session.execute(text("UPDATE blobs SET touched_at = now() - interval '1 hour'"))
            await session.execute(delete(Job).where(Job.state == "running"))


@asynccontextmanager
async def stage(house: House, url: str, seed: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    place = open_place(url)
    house.storage = Storage(place)
    await house.storage._mark()
    monkeypatch.setattr(settling, "STORAGE_SECONDS", 0.0)
    worker_id = new_id()
    async with house.database.transaction() as session:
        about = {"name": "bench", "device": "none", "queues": ["gpu"], "concurrency": {"gpu": 1}}
        await workers.arrive(session, worker_id, **about)  # type: ignore[arg-type]
    yield Stage(house, place, random.Random(seed), worker_id)  # noqa: S311 - dice


ENDS = {"upload done", "work done", "sweep done", "forget done", "sweep died"}
"""Where one of these does not come about, little is shown. How many acts that takes differs from run to run."""


async def perform(stage: Stage, acts: int) -> None:
    for act in range(10 * acts):
        if act >= acts and set(stage.told) >= ENDS:
            return
        await stage.play()
        await stage.check()
        await stage.bury_the_dead()
    pytest.fail(f"too little came about: {stage.told}")


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [2])
async def test_no_row_points_at_absent_bytes_in_a_folder(
    house: House, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(house, house.settings.storage_location, seed, monkeypatch) as found:
        await perform(found, acts=20)


async def test_no_row_points_at_absent_bytes_in_a_bucket(
    house: House, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stage(house, s3_url, 3, monkeypatch) as found:
        await perform(found, acts=8)
