"""`playhead up`: PostgreSQL, migrations, API and worker in one command."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog

from local.part import explain
from local.plan import Plan
from local.ports import is_free
from local.postgres import EmbeddedPostgres
from local.readiness import ready
from local.stop import Stop, Stopped
from local.supervisor import Supervisor
from local.watch import keep_server
from playhead.errors import InvalidError, UnavailableError
from playhead.settings import Settings

log = structlog.get_logger(__name__)


async def up(settings: Settings, host: str, port: int) -> int:
    """Bring everything up, keep it up, and end it all on SIGTERM or Ctrl-C; a second one ends it without grace.

    The embedded PostgreSQL is used where ``settings`` names no database. Returns the exit status 0 when asked to end.

    Raises:
        InvalidError: the port is taken, field `port`.
        UnavailableError: PostgreSQL, the migrations or the API do not come up. Nothing is left running.
    """
    if not is_free(host, port):
        message = f"port {port} of {host} is taken: end what listens there, or choose another with --port"
        raise InvalidError(message, field="port")
    stop = Stop()
    with stop.on_signals(), contextlib.suppress(Stopped):
        plan = Plan(settings, host, port)
        async with _database(plan, stop) as server:
            await _migrate(plan, stop)
            await _keep(plan, server, stop)
    log.info("down")
    return 0


@contextlib.asynccontextmanager
async def _database(plan: Plan, stop: Stop) -> AsyncIterator[EmbeddedPostgres | None]:
    """The server that is ours to keep, up; None where another's is used."""
    if given := plan.settings.database_url:
        plan.use_database(given)
        yield None
        return
    server = EmbeddedPostgres(plan.data_dir / "postgres")
    try:
        plan.use_database(await stop.unless(asyncio.to_thread(server.start)))
        log.info("part_started", part="postgres", pid=server.pid)
        yield server
    finally:
        await asyncio.to_thread(server.stop)


async def _migrate(plan: Plan, stop: Stop) -> None:
    process = await asyncio.create_subprocess_exec(
        *plan.command("migrate"), env=plan.environment, stdin=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        status = await stop.unless(process.wait())
    finally:
        if process.returncode is None:
            process.kill()  # it works in one transaction: there is nothing to lose
            await process.wait()
    if status != 0:
        message = f"the migrations did not run: `playhead migrate` {explain(status)}; it says why above"
        raise UnavailableError(message)


async def _keep(plan: Plan, server: EmbeddedPostgres | None, stop: Stop) -> None:
    def moved(database_url: str) -> None:
        plan.use_database(database_url)
        supervisor.renew()

    async with Supervisor(plan.parts()) as supervisor:
        stop.hurry = supervisor.kill
        if server:
            supervisor.attend(keep_server(server, moved))
        await stop.unless(ready(plan.url))
        _announce(plan)
        await supervisor.run_until(stop.event)
        log.info("going_down")


def _announce(plan: Plan) -> None:
    key = {"admin_key_file": str(plan.key_file)} if plan.key_file else {}
    log.info("ready", url=plan.url, docs=f"{plan.url}/docs", data_dir=str(plan.data_dir), **key)
