"""What the routes work with; opened and closed with the application."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from api.keyring import Keyring
from api.transactions import PATIENCE_SECONDS, transaction
from api.watching import Watchers
from playhead import migrate
from playhead.asking.requests import Requests, RequestTypes
from playhead.database import Database
from playhead.ledger.history import CHANNEL
from playhead.podcasts.polling.checking import Checking
from playhead.settings import Settings
from playhead.signals import Listener
from playhead.storage import Storage
from playhead.waking.standing_in import StandIn
from playhead.waking.waker import Waker


@dataclass(frozen=True)
class Services:
    """One application's parts.

    Attributes:
        listener: the one connection that hears news of jobs; it feeds ``watchers``.
        feeds: looks whether an address is that of a feed.
        schema_revision: the revision of the schema that this code needs.
    """

    settings: Settings
    database: Database
    storage: Storage
    watchers: Watchers
    listener: Listener
    keyring: Keyring
    feeds: Checking
    schema_revision: str

    def transaction(
        self, *, patience_seconds: float = PATIENCE_SECONDS, turn: AbstractAsyncContextManager[Any] | None = None
    ) -> AbstractAsyncContextManager[AsyncSession]:
        """See :func:`api.transactions.transaction`."""
        return transaction(self.database, patience_seconds=patience_seconds, turn=turn)

    def look(self) -> AbstractAsyncContextManager[AsyncSession]:
        """The transaction of one who watches a job, in turn with the others who do."""
        return self.transaction(turn=self.watchers.looking)


@asynccontextmanager
async def opened(settings: Settings, types: RequestTypes) -> AsyncIterator[Services]:
    """The services of one application. The database may be away: they come up all the same and wait for it."""
    database = Database.from_settings(settings, "playhead-api")
    watchers = Watchers(looks_at_once=settings.database_pool_size // 2)
    listener = Listener(database.url, {CHANNEL: watchers.notice}, on_connect=watchers.look_again)
    storage = Storage.from_url(settings.storage_location)
    try:
        async with listener, Waker.at_work(StandIn(database, storage, Requests(types, settings))):
            yield Services(
                settings=settings,
                database=database,
                storage=storage,
                watchers=watchers,
                listener=listener,
                keyring=Keyring(settings, database),
                feeds=Checking(settings),
                schema_revision=migrate.head(),
            )
    finally:
        watchers.close()
        await database.close()
