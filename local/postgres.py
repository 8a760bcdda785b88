"""An embedded PostgreSQL: `with EmbeddedPostgres(folder) as server: connect(server.url)`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from local.account import Account
from local.binaries import SYSTEM_DIR
from local.locks import ALONE, AT_ONCE, SHARED, lock, locked
from local.place import Place
from local.postmaster import postmaster
from local.server import Server


class EmbeddedPostgres:
    """One owner of an embedded server. Any number of processes may own the same folder: they share one server.

    The first to start brings it up, the last to stop ends it; an owner that is killed counts as stopped. Calls block:
    from a coroutine, make them in :func:`asyncio.to_thread`.
    """

    def __init__(
        self, data_dir: Path, settings: Mapping[str, str] | None = None, *, system_dir: Path = SYSTEM_DIR
    ) -> None:
        """Nothing happens before :meth:`start`.

        Args:
            data_dir: for this server alone.
            settings: PostgreSQL's own, e.g. ``{"fsync": "off"}``.
            system_dir: where root puts what the server's user could not reach in ``data_dir`` or in the environment.
        """
        self.place = Place(data_dir.absolute(), system_dir)
        self._server = Server(self.place, settings or {})
        self._share: int | None = None

    @property
    def url(self) -> str:
        """Of the database, superuser's password included: as SQLAlchemy, asyncpg and libpq understand it."""
        return self.place.reach.url

    @property
    def log(self) -> Path:
        """The file in which the server says what happens to it."""
        return self.place.log

    @property
    def pid(self) -> int | None:
        """The server's process id; None while it is down."""
        process = postmaster(self.place.cluster)
        return process.pid if process else None

    def start(self) -> str:
        """Bring the server up unless it is; its URL. Call it again to bring back a server that died.

        The URL stays the same over restarts, unless it names a TCP port that another program took meanwhile.

        Raises:
            UnavailableError: it does not come up; the message ends with its log.
        """
        with self._turn():
            account = self._join()
            self._server.up(account)
            return self.url

    def stop(self) -> None:
        """Give the server up, and wait for its end if nobody else uses it."""
        with self._turn():
            if self._share is not None:
                os.close(self._share)
                self._share = None
                self._down_if_last()

    def restart(self) -> str:
        """End the server, whoever uses it, and bring it up again; its URL. Raises as :meth:`start` does."""
        with self._turn():
            account = self._join()
            self._server.down()
            self._server.up(account)
            return self.url

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        """Owners start and stop one after the other."""
        self.place.data_dir.mkdir(parents=True, exist_ok=True)
        with locked(self.place.data_dir / "turn.lock", ALONE):
            yield

    def _join(self) -> Account:
        account = self.place.prepare()
        if self._share is None:
            # Waits while a keeper is ending the server.
            self._share = lock(self.place.owners, SHARED)
        return account

    def _down_if_last(self) -> None:
        try:
            with locked(self.place.owners, ALONE | AT_ONCE):
                self._server.down()
        except BlockingIOError:
            # Shared with other owners: granted at once. Held by the keeper: granted when the server has ended.
            os.close(lock(self.place.owners, SHARED))
        if self.pid is None:
            self._server.reap()
