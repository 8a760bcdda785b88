"""The HTTP server process."""

from __future__ import annotations

import signal
import socket
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.binding import check_bind
from api.protocol import Protocol
from playhead.errors import InvalidError
from playhead.observability import configure_logging
from playhead.settings import Settings

GRACE_SECONDS = 10
"""How long downloads and uploads under way may take once the server is asked to stop."""


def serve(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way and exit with status 0.

    Raises:
        InvalidError: ``AUTH=off`` on an address that others can reach, or no database is set.
    """
    check_bind(settings, host)
    if not settings.database_url:
        raise InvalidError("PLAYHEAD_DATABASE_URL is not set: name a PostgreSQL server, or run `playhead up`")
    configure_logging(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal that stopped it anew, for whoever handled it before: that is a good end.
        signal.signal(number, _leave)
    server = Server(create_app(settings), host, port)
    server.run()
    if not server.started:
        sys.exit(1)


class Server(uvicorn.Server):
    """uvicorn, which lets those who wait for news go before it waits for them."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host,
                port,
                http=Protocol,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End every wait and every stream of events, then stop as uvicorn does."""
        self._app.state.services.watchers.close()
        await super().shutdown(sockets)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
