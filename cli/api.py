"""`playhead api`: the HTTP server alone."""

from __future__ import annotations

from typing import Annotated

import typer


def api(
    host: Annotated[str, typer.Option(help="Address to listen on; `0.0.0.0` for every one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve HTTP until SIGTERM or Ctrl-C.

    It needs PLAYHEAD_DATABASE_URL; jobs are done by `playhead worker`.

    Example: playhead api --host 0.0.0.0 --port 8000
    """
    from api.main import serve
    from cli.configuration import load_for_service, require_database

    settings = load_for_service()
    require_database(settings)
    serve(settings, host, port)
