"""The two sides."""

from __future__ import annotations

import json

import asyncpg
import procrastinate

from bench.recovery import playhead_worker, procrastinate_worker
from bench.recovery.playhead_worker import NAME
from bench.recovery.settings import (
    CONCURRENCY,
    GRACE_SECONDS,
    HEARTBEAT_SECONDS,
    LOST_AFTER_SECONDS,
    MAX_ATTEMPTS,
)
from bench.recovery.side import Side, Step
from playhead.database import Database
from playhead.ledger.submit import Submission, submit
from playhead.migrate import upgrade
from playhead.models import ADMIN_OWNER
from playhead.states import TERMINAL

_DEFER = """
    SELECT procrastinate_defer_jobs_v1(ARRAY[
        ROW('default', 'steps', 0, NULL, NULL, CAST($1 AS jsonb), NULL)::procrastinate_job_to_defer_v1])
"""


class Playhead(Side):
    """Playhead, with stub engines."""

    name = "Playhead"
    module = playhead_worker.__name__
    arguments = ("worker",)
    _database: Database | None = None

    async def prepare(self) -> None:
        """Make the tables."""
        await upgrade(self.server.url)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._database:
            await self._database.close()

    def environment(self, number: int) -> dict[str, str]:
        """What a worker has to know."""
        return {
            "PLAYHEAD_DATABASE_URL": self.server.url,
            "PLAYHEAD_DATA_DIR": str(self.folder / "home"),
            "PLAYHEAD_ENGINES": "stub",
            "PLAYHEAD_WORKER__ALIVE_FILE": str(self.folder / f"{number}.alive"),
            "PLAYHEAD_WORKER__HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS),
            "PLAYHEAD_WORKER__LOST_AFTER_SECONDS": str(LOST_AFTER_SECONDS),
            "PLAYHEAD_WORKER__GRACE_SECONDS": str(GRACE_SECONDS),
            "PLAYHEAD_WORKER__QUEUES": json.dumps(["cpu"]),
            "PLAYHEAD_WORKER__CONCURRENCY": json.dumps({"cpu": CONCURRENCY}),
            "PLAYHEAD_LOG_FORMAT": "json",
        }

    async def submit(self, connection: asyncpg.Connection, key: str) -> None:
        """Ask for a job, unless it is there already."""
        if await connection.fetchval("SELECT 1 FROM jobs WHERE idempotency_key = $1", key):
            return
        wanted = Submission(
            owner_id=ADMIN_OWNER,
            kind=NAME,
            queue="cpu",
            params={"key": key},
            input={"url": "https://example.com/never-fetched"},
            max_attempts=MAX_ATTEMPTS,
            idempotency_key=key,
        )
        self._database = self._database or Database(self.server.url, pool_size=2)
        async with self._database.transaction() as session:
            await submit(session, wanted)

    async def history(self, connection: asyncpg.Connection) -> list[Step]:
        """What became of all jobs."""
        rows = await connection.fetch(
            "SELECT extract(epoch FROM at) AS at, idempotency_key AS key, data ->> 'state' AS state "
            "FROM job_events JOIN jobs ON jobs.id = job_id WHERE type = 'state' ORDER BY job_events.id"
        )
        ends = {state.value for state in TERMINAL}
        return [
            Step(
                float(row["at"]), row["key"], row["state"] == "running", row["state"] if row["state"] in ends else None
            )
            for row in rows
        ]

    async def effects(self, connection: asyncpg.Connection) -> list[str]:
        """The outputs, each as often as the success that it belongs to was recorded."""
        rows = await connection.fetch(
            "SELECT idempotency_key AS key FROM job_events JOIN jobs ON jobs.id = job_events.job_id "
            "JOIN outputs ON outputs.job_id = jobs.id WHERE type = 'state' AND data ->> 'state' = 'succeeded'"
        )
        return [row["key"] for row in rows]

    async def open_jobs(self, connection: asyncpg.Connection) -> int:
        """How many have not ended."""
        ends = [state.value for state in TERMINAL]
        return int(await connection.fetchval("SELECT count(*) FROM jobs WHERE state <> ALL($1)", ends))


class Procrastinate(Side):
    """A plain Procrastinate application."""

    name = "Procrastinate"
    module = procrastinate_worker.__name__

    async def prepare(self) -> None:
        """Make the tables."""
        app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=self.server.url))
        async with app.open_async():
            await app.schema_manager.apply_schema_async()
        async with self.server.connection() as connection:
            await connection.execute(procrastinate_worker.EFFECTS)

    async def close(self) -> None:
        """Nothing is open."""

    def environment(self, number: int) -> dict[str, str]:  # noqa: ARG002 - all are alike
        """What a worker has to know."""
        return {procrastinate_worker.DATABASE: self.server.url}

    async def submit(self, connection: asyncpg.Connection, key: str) -> None:
        """Ask for a job, unless it is there already."""
        if await connection.fetchval("SELECT 1 FROM procrastinate_jobs WHERE args ->> 'key' = $1", key):
            return
        # What `defer` does, through the connection that is there.
        await connection.execute(_DEFER, json.dumps({"key": key}))

    async def history(self, connection: asyncpg.Connection) -> list[Step]:
        """What became of all jobs."""
        rows = await connection.fetch(
            "SELECT extract(epoch FROM at) AS at, args ->> 'key' AS key, CAST(type AS text) AS type "
            "FROM procrastinate_events AS event JOIN procrastinate_jobs AS job ON job.id = job_id "
            "WHERE task_name = 'steps' ORDER BY event.id"
        )
        ends = {"succeeded", "failed", "cancelled", "aborted"}
        return [
            Step(float(row["at"]), row["key"], row["type"] == "started", row["type"] if row["type"] in ends else None)
            for row in rows
        ]

    async def effects(self, connection: asyncpg.Connection) -> list[str]:
        """What the tasks wrote."""
        return [row["key"] for row in await connection.fetch("SELECT key FROM effects")]

    async def open_jobs(self, connection: asyncpg.Connection) -> int:
        """How many have not ended."""
        opened = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'steps' AND status IN ('todo', 'doing')"
        return int(await connection.fetchval(opened))
