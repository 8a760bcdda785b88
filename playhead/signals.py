"""What PostgreSQL notifies, heard on one connection of its own per process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self

import asyncpg
import structlog
from sqlalchemy import make_url

from playhead.cancellation import end_if_canceled
from playhead.connections import CONNECT_SECONDS, PING_SECONDS, SERVER_SETTINGS
from playhead.database import is_away

log = structlog.get_logger(__name__)

SILENCE_SECONDS = 5.0
"""After so long without news, the server is asked whether it is still there: a network may swallow packets."""
BACKOFF_CAP_SECONDS = 2.0


class Listener:
    """``async with Listener(url, {channel: callback})`` listens until the end of the block.

    A callback gets the payload, on the event loop: it takes note and returns. The database may be away at the start
    or go away at any time: the listener connects again by itself, with a back-off of up to two seconds. Nothing is
    heard meanwhile, so ``on_connect`` is called once it listens, the first time and each time after: whoever depends
    on the news looks for itself then.

    Attributes:
        connected: set while it listens.
    """

    def __init__(
        self,
        url: str,
        channels: Mapping[str, Callable[[str], None]],
        *,
        on_connect: Callable[[], None] | None = None,
        silence_seconds: float = SILENCE_SECONDS,
        backoff_seconds: float = 0.1,
    ) -> None:
        # asyncpg knows no `postgresql+asyncpg://`.
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._channels = channels
        self._on_connect = on_connect
        self._silence_seconds = silence_seconds
        self._first_backoff_seconds = backoff_seconds
        self._backoff_seconds = backoff_seconds
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep_listening(), name="listener")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as error:
                end_if_canceled()
                # Whatever it is: a process that hears nothing more is worse.
                log.warning("listener_lost", error=repr(error), exc_info=not is_away(error))
            finally:
                self.connected.clear()
            await asyncio.sleep(self._backoff_seconds)
            self._backoff_seconds = min(self._backoff_seconds * 2, BACKOFF_CAP_SECONDS)

    async def _listen(self) -> None:
        """Listen until the connection is lost, then raise."""
        async with self._connection() as connection:
            lost = asyncio.Event()
            connection.add_termination_listener(lambda _: lost.set())
            for channel, callback in self._channels.items():
                await connection.add_listener(channel, _heard_by(callback))
            self._backoff_seconds = self._first_backoff_seconds
            self.connected.set()
            if self._on_connect is not None:
                self._on_connect()
            await self._until(lost, connection)
        message = "the server closed the connection"
        raise ConnectionResetError(message)

    async def _until(self, lost: asyncio.Event, connection: asyncpg.Connection[Any]) -> None:
        while not lost.is_set():
            try:
                await asyncio.wait_for(lost.wait(), self._silence_seconds)
            except TimeoutError:
                await connection.execute("SELECT 1", timeout=PING_SECONDS)

    @contextlib.asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection[Any]]:
        connection = await asyncpg.connect(
            self._url,
            timeout=CONNECT_SECONDS,
            command_timeout=PING_SECONDS,
            server_settings={"application_name": "playhead-listener", **SERVER_SETTINGS},
        )
        try:
            yield connection
        finally:
            # A server that is gone cannot be told good-bye; close() then drops the connection by itself.
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=1)


def _heard_by(callback: Callable[[str], None]) -> Callable[..., None]:
    def heard(_connection: object, _pid: int, _channel: str, payload: object) -> None:
        callback(str(payload))

    return heard
