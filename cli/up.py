"""`playhead up`: everything in one command."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API and the dashboard.")] = 8000,
    host: Annotated[str, typer.Option(help="Address to listen on; `0.0.0.0` for every one.")] = "127.0.0.1",
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where everything is kept. Default: PLAYHEAD_DATA_DIR.")
    ] = None,
    *,
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True, help="End when stdin does.")] = False,
) -> None:
    """Start everything, and keep it running.

    That is PostgreSQL, the API and a worker; SIGTERM or Ctrl-C ends it all. PostgreSQL is brought along, unless
    PLAYHEAD_DATABASE_URL names a server. The key for the API is made at the first start and kept in DIR/admin.key,
    where `playhead transcribe` finds it.

    Example: playhead up --port 9000 --data ~/playhead
    """
    import asyncio

    from cli.configuration import load_for_service, require_work
    from local.up import up as bring_up
    from playhead.observability import configure_logging

    settings = load_for_service()
    require_work(settings.worker)
    if data is not None:
        settings = settings.model_copy(update={"data_dir": data})
    configure_logging(settings)
    if until_eof:
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    raise typer.Exit(asyncio.run(bring_up(settings, host, port)))


def _end_with_stdin() -> None:
    """A pipe from whoever started us ends when they do, even if they were killed."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
