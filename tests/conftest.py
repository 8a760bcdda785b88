"""What every test may ask for: a PostgreSQL server for the session, a migrated database for the test."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import settings
from structlog.dev import ConsoleRenderer, plain_traceback

from local.postgres import EmbeddedPostgres
from tests.databases import Databases, create, drop
from tests.llm.server import llm_server
from tests.s3 import s3_proxy, s3_server, s3_url

__all__ = ["llm_server", "s3_proxy", "s3_server", "s3_url"]

# A crash of the machine may cost a test its database: speed is worth more here.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # What the planner knows is else of an earlier test's rows, or of none: whichever it happened to look at.
    "autovacuum": "off",
}

# A loaded machine is no defect. All else is as Hypothesis has it, which differs in CI.
settings.register_profile("unhurried", settings(), deadline=None)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Render tracebacks as our programs do: structlog's own way shows every variable, and takes seconds for it.

    Let programs that tests start hear Ctrl-C: where tests run in the background, shells have it ignored by all.
    """
    structlog.configure(
        [*structlog.get_config()["processors"][:-1], ConsoleRenderer(exception_formatter=plain_traceback)]
    )
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server of its own for this session (for each worker of pytest-xdist), or the one that the environment names."""
    if given := os.environ.get("PLAYHEAD_TEST_DATABASE_URL"):
        yield given
        return
    # Not tmp_path: pytest closes that to other users, and as root the server runs as another one.
    with tempfile.TemporaryDirectory(prefix="playhead-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "postgres", FAST) as server:
            yield server.url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases(postgres_url: str) -> AsyncIterator[Databases]:
    """Copies of a migrated database: to copy it takes milliseconds, a migration does not."""
    from playhead.migrate import upgrade

    template = await create(postgres_url)
    await upgrade(template)
    async with Databases.of(postgres_url, template) as databases:
        yield databases
    await drop(postgres_url, template)


@pytest_asyncio.fixture(loop_scope="session")
async def database_url(databases: Databases) -> AsyncIterator[str]:
    """A migrated, empty database for one test."""
    async with databases.one() as url:
        yield url


@pytest_asyncio.fixture(loop_scope="session")
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """A database without any table, for tests of the migrations."""
    url = await create(postgres_url)
    yield url
    await drop(postgres_url, url)
