"""What a connection to PostgreSQL is like, at both of its ends, so that no silence is waited for."""

from __future__ import annotations

from typing import Any

import asyncpg
from sqlalchemy.exc import InvalidatePoolError

CONNECT_SECONDS = 5.0
PING_SECONDS = 2.0
"""A connection that does not answer by then is given up, and all that are as old."""
FAREWELL_SECONDS = 0.5
EDGE_SECONDS = 5.0
"""What a transaction's beginning or its end may take: SQLAlchemy lets nobody cancel the end."""

SERVER_SETTINGS = {
    "idle_in_transaction_session_timeout": "10s",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
"""What the server shall do about a connection whose other end is gone, is stopped, or is cut off: end it.

Else it holds the locks of its last transaction for hours, and whoever writes the same job's next word waits for them.
"""

BROKEN = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""Of one connection. The last: it was told its end by the server, but has not heard the server hang up."""


class Connection(asyncpg.Connection):  # type: ignore[misc] # asyncpg has no types
    """asyncpg's own, but that it waits long neither for a transaction's edges nor for a server's good-bye.

    Attributes:
        edge_seconds: what BEGIN, COMMIT and ROLLBACK may take.
    """

    edge_seconds = EDGE_SECONDS

    async def execute(
        self,
        query: str,
        *args: Any,
        timeout: float | None = None,  # noqa: ASYNC109 - as asyncpg calls it
    ) -> str:
        """Do what gives no rows, as asyncpg's own transactions do. SQLAlchemy's statements do not come this way.

        Raises:
            TimeoutError: it took longer than ``timeout``, or than ``edge_seconds`` where that is not given.
        """
        patience_seconds = self.edge_seconds if timeout is None else timeout
        return str(await super().execute(query, *args, timeout=patience_seconds))

    async def close(self, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as asyncpg calls it
        """Close it, or drop it; no error."""
        try:
            await super().close(timeout=min(timeout or FAREWELL_SECONDS, FAREWELL_SECONDS))
        except (asyncpg.PostgresError, *BROKEN):
            self.terminate()


def note_fresh(_: object, record: Any) -> None:
    """On the pool's ``connect``: the connection needs no ping the first time."""
    record.info["fresh"] = True


def ping(adapted: Any, record: Any, _: object) -> None:
    """On the pool's ``checkout``: see that a connection lives before it is lent.

    The pool's own way takes three round trips, and waits for each as long as any statement may take.
    """
    if record.info.pop("fresh", False):
        return
    try:
        adapted.run_async(lambda connection: connection.execute("SELECT", timeout=PING_SECONDS))
    except (asyncpg.PostgresError, *BROKEN) as error:
        raise InvalidatePoolError(str(error)) from error
