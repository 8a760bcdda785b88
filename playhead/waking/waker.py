"""The waker: one in each API process that has a hook, as the API is there when no worker is.

It hears of wishes by NOTIFY and calls the hook for those that it gets hold of. As often as a worker beats, it looks for
itself too: for work that waits in vain though nobody wished, and for wishes that nobody calls for, because whoever
should have is dead.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self

import structlog

from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away, now
from playhead.pulse import Pulse
from playhead.settings import Settings
from playhead.signals import Listener
from playhead.waking import calls, wishing
from playhead.waking.caller import Caller
from playhead.waking.hook import Hook, make_hook
from playhead.waking.standing_in import StandIn

CONNECTIONS = 2
"""Of its own: a busy API or its stand-in must not keep it from looking. It holds none while a hook is called."""
log = structlog.get_logger(__name__)


class Waker:
    """Looks and calls until canceled."""

    def __init__(self, settings: Settings, database: Database, hook: Hook, stand_in: StandIn) -> None:
        self._settings = settings
        self._database = database
        self._caller = Caller(database, hook, settings.wake)
        self._stand_in = stand_in
        self._pulse = Pulse.of(settings.worker)
        self._news = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def at_work(cls, stand_in: StandIn) -> AsyncIterator[Self | None]:
        """One at work for the length of the block; None where no hook is set. Its last call gets a moment to end."""
        settings, url = stand_in.requests.settings, stand_in.database.url
        hook = make_hook(settings.wake)
        if hook is None:
            yield None
            return
        database = Database(url, pool_size=CONNECTIONS, application="playhead-waker")
        waker = cls(settings, database, hook, stand_in)
        listener = Listener(url, {wishing.CHANNEL: waker.notice}, on_connect=waker.look_again)
        looking = asyncio.create_task(waker.keep_looking(), name="waker")
        try:
            async with listener:
                yield waker
        finally:
            looking.cancel()
            await asyncio.wait([looking])
            await stand_in.close()
            await waker._caller.close()
            await database.close()

    def notice(self, _queue: str) -> None:
        """There is a new wish."""
        self._news.set()

    def look_again(self) -> None:
        """News may have been missed."""
        self._news.set()

    async def keep_looking(self) -> None:
        """Look again and again, whatever becomes of the database; call as soon as there is news."""
        pauses = self._settings.worker.heartbeat_seconds
        next_look = 0.0
        loop = asyncio.get_running_loop()
        while True:
            is_due = loop.time() >= next_look
            if is_due:
                next_look = loop.time() + pauses
            await self._try(is_due=is_due)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(next_look):
                    await self._news.wait()
            self._news.clear()

    async def _try(self, *, is_due: bool) -> None:
        try:
            if is_due:
                await self._look()
            await self._call()
        except Exception as error:
            end_if_canceled()
            # Whatever it is: a process that wakes nobody any more is worse.
            log.warning("wake_look_missed", error=repr(error), exc_info=not is_away(error))

    async def _look(self) -> None:
        async with self._database.transaction() as session:
            await calls.arm(session, self._settings.wake, self._settings.worker.lost_after_seconds)
            at = await now(session)
        self._pulse.beat(at)
        # After an outage all workers look dead until they have beaten again.
        if not self._pulse.is_steady(at):
            return
        self._stand_in.begin()
        async with self._database.transaction() as session:
            await calls.forget_tries(session)
            await wishing.look(session)

    async def _call(self) -> None:
        async with self._database.transaction() as session:
            wished = await calls.open_wishes(session)
            at = await now(session)
        if self._pulse.is_steady(at):
            for queue in wished:
                self._caller.begin(queue)
