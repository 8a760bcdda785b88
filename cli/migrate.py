"""`playhead migrate`: the tables, brought up to date."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from cli.failure import warn

PAUSE_SECONDS = 0.5  # a server that is not up yet gives no signal


def migrate(
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long to wait for a database that is not up yet.")
    ] = 0.0,
) -> None:
    """Bring the database's tables up to date.

    Does nothing where they are, and any number may run at once. It works on
    PLAYHEAD_DATABASE_URL, else on the embedded server of PLAYHEAD_DATA_DIR.

    Example: playhead migrate --wait 60
    """
    import asyncio

    from cli.configuration import load
    from cli.database import database_url, told_plainly
    from playhead.migrate import head

    with database_url(load()) as url, told_plainly(url):
        asyncio.run(_upgrade(url, time.monotonic() + wait))
    typer.echo(f"The database is at revision {head()}.")


async def _upgrade(url: str, deadline: float) -> None:
    import asyncio

    from playhead.database import is_away
    from playhead.migrate import upgrade

    waiting = False
    while True:
        try:
            return await upgrade(url)
        except Exception as error:
            if not is_away(error) or time.monotonic() + PAUSE_SECONDS > deadline:
                raise
        if not waiting:
            warn("Waiting for the database ...")
            waiting = True
        await asyncio.sleep(PAUSE_SECONDS)
