"""A plain Procrastinate application, as its documentation writes one, with its recipe for stalled jobs.

The recipe is at "Retry stalled jobs" in its how-to guides. Its figures (look every ten minutes, thirty seconds of
silence) are cut down to those that the other side has, whose rescue looks each second; its worker's too.

A task writes a row of its own at its end, through a connection of its own: that is its effect.
"""

from __future__ import annotations

import os

import procrastinate
import psycopg

from bench.recovery.settings import CONCURRENCY, HEARTBEAT_SECONDS, LOST_AFTER_SECONDS, MAX_ATTEMPTS
from bench.recovery.work import work

DATABASE = "RECOVERY_DATABASE_URL"
EFFECTS = "CREATE TABLE effects (key text NOT NULL)"


def make_app(url: str) -> procrastinate.App:
    """The application, for its workers and for those who defer jobs."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="steps", retry=MAX_ATTEMPTS)
    async def steps(key: str) -> None:
        await work(key)
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute("INSERT INTO effects (key) VALUES (%s)", [key])

    @app.periodic(cron="* * * * * *")
    @app.task(name="retry_stalled_jobs", queueing_lock="retry_stalled_jobs", pass_context=True)
    async def retry_stalled_jobs(_context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=LOST_AFTER_SECONDS):
            await app.job_manager.retry_job(job)

    return app


if __name__ == "__main__":
    made = make_app(os.environ[DATABASE])
    with made.open():
        made.run_worker(
            concurrency=CONCURRENCY,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=LOST_AFTER_SECONDS,
        )
