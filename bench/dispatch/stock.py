"""A plain Procrastinate application with a task that does nothing: ``python -m bench.dispatch.stock`` is its worker."""

from __future__ import annotations

import os

import procrastinate

DATABASE = "BENCH_DATABASE_URL"
CONCURRENCY = "BENCH_CONCURRENCY"


def make_app(url: str) -> procrastinate.App:
    """The application, for its worker and for those who defer jobs."""
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))

    @app.task(name="nothing")
    async def nothing(number: int) -> None:
        pass

    return app


if __name__ == "__main__":
    made = make_app(os.environ[DATABASE])
    with made.open():
        made.run_worker(concurrency=int(os.environ[CONCURRENCY]))
