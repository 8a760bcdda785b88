"""A plain Procrastinate application, as its documentation writes one, with its recipe for stalled jobs.

The recipe is at "Retry stalled jobs" in its how-to guides. Its figures (look every ten minutes, thirty seconds of
silence) are cut down to those that the other side has; its worker's too.
"""

from __future__ import annotations

import os

import procrastinate

from bench.recovery.settings import CONCURRENCY, HEARTBEAT_SECONDS, LOST_AFTER_SECONDS, MAX_ATTEMPTS
from bench.recovery.work import work

DATABASE = "RECOVERY_DATABASE_URL"


def make_app(url: str) -> procrastinate.App:
    """The application, for its workers and for those who defer jobs."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="steps", retry=MAX_ATTEMPTS)
    async def steps(key: str) -> None:
        await work(key)

    @app.periodic(cron="* * * * * */5")
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
