"""Feeds whose time has come are asked, several at once, with no connection to the database held meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from sqlalchemy import func, select, update

from playhead.database import SWEEP_SECONDS, Database, is_away
from playhead.errors import InternalError, PlayheadError
from playhead.fetch.guard import Resolver, resolve
from playhead.ledger.locks import free_batch
from playhead.models import Feed
from playhead.podcasts.polling import outcome
from playhead.podcasts.polling.fetching import Known, ask
from playhead.podcasts.polling.reading import read
from playhead.podcasts.polling.times import LEASE
from playhead.settings import Settings

AT_ONCE = 8
"""Feeds that one worker asks at a time: one that is slow keeps one place."""
TURN_SECONDS = 60.0
"""No feed is taken later than this into a turn; the next turn goes on."""
LOOK_SECONDS = 1.0
"""While slow feeds are waited for, others may come due."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Due:
    """A feed to ask."""

    feed_id: UUID
    known: Known


@dataclass(frozen=True)
class Polling:
    """The polling of one worker process."""

    database: Database
    settings: Settings
    resolver: Resolver = resolve
    _polls: set[asyncio.Task[None]] = field(default_factory=set)

    async def poll_due(self) -> None:
        """A turn: ask all feeds that are due. Ends when none is left, or its time is over."""
        end = time.monotonic() + TURN_SECONDS
        try:
            while await self._begin(end):
                await asyncio.wait(self._polls, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._abandon()

    async def _begin(self, end: float) -> bool:
        """Take as many as there are places. Gives whether any is being asked."""
        self._polls.difference_update([poll for poll in self._polls if poll.done()])
        free = AT_ONCE - len(self._polls)
        if free and time.monotonic() < end:
            self._polls.update(asyncio.create_task(self._poll_safely(due)) for due in await self.take_due(free))
        return bool(self._polls)

    async def _abandon(self) -> None:
        for poll in self._polls:
            poll.cancel()
        await asyncio.gather(*self._polls, return_exceptions=True)
        self._polls.clear()

    async def take_due(self, most: int) -> Sequence[Due]:
        """Some that are due, the longest waiting first. Until their lease is over nobody else takes them."""
        due = select(Feed.id).where(Feed.next_poll_at <= func.now()).order_by(Feed.next_poll_at, Feed.id)
        chosen = free_batch(due, most)
        taken = update(Feed).where(Feed.id == chosen.c.id)
        told = taken.values(next_poll_at=func.now() + LEASE).returning(Feed.id, Feed.url, Feed.etag, Feed.last_modified)
        async with self.database.transaction() as session:
            return [Due(row.id, Known(*row[1:])) for row in await session.execute(told)]

    async def _poll_safely(self, due: Due) -> None:
        """Whatever a feed does, the others are asked. What could not be written down is asked again after its lease."""
        try:
            await self.poll(due)
        except Exception as error:
            if is_away(error):
                log.warning("poll_missed", feed_id=str(due.feed_id), error=repr(error))
            else:
                log.exception("poll_broke", feed_id=str(due.feed_id))

    async def poll(self, due: Due) -> None:
        """Ask one feed, and write down what came of it."""
        try:
            answer = await ask(due.known, self.settings, resolver=self.resolver)
            document = None if answer.body is None else await read(answer)
        except PlayheadError as error:
            await self._note_failure(due, error)
        except Exception:
            log.exception("feed_broke", feed_id=str(due.feed_id))
            await self._note_failure(due, InternalError("this is a bug; the worker's log tells more"))
        else:
            async with self.database.transaction(patience_seconds=SWEEP_SECONDS) as session:
                await outcome.note_answer(session, due.feed_id, answer.known, document, self.settings.podcasts)

    async def _note_failure(self, due: Due, error: PlayheadError) -> None:
        log.info("feed_failed", feed_id=str(due.feed_id), code=error.code, message=error.message)
        async with self.database.transaction() as session:
            await outcome.note_failure(session, due.feed_id, error)
