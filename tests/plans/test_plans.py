"""Whatever the ledger is asked, it finds by an index: at a million jobs nothing large is read row by row."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from sqlalchemy import text

from playhead.database import COMMAND_SECONDS, Database
from tests.databases import Databases
from tests.plans.crowd import JOBS_THERE
from tests.plans.crowd_programs import PROGRAMS_THERE
from tests.plans.explaining import LARGE, Explained, explained
from tests.plans.questions import QUESTIONS

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

WHOLE = {
    "turn: reissue_missing": {"procrastinate_jobs"},
    "turn: orphans": {"blobs", "job_inputs"},
    "counts of all": {"jobs"},
}
"""Questions about all of a table: four times a minute each queued job is held against each ticket, once an hour all
bytes are held against what points at them, and what all jobs cost is added up for whoever asks. An index with the costs
would be a quarter of the table, and written twice for each job."""


@dataclass
class Crowded:
    """A ledger with a million jobs, what PostgreSQL says of each statement there, and the tables that are large."""

    database: Database
    explained: Explained
    large: frozenset[str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def crowded(databases: Databases) -> AsyncIterator[Crowded]:
    async with databases.one() as url:
        filling = Database(url, command_timeout_seconds=COMMAND_SECONDS)
        async with filling.engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text("SET session_replication_role = replica"))  # Nobody has to look at each key.
            for statement in (*JOBS_THERE, *PROGRAMS_THERE, "VACUUM ANALYZE"):
                await connection.exec_driver_sql(statement)
            large = frozenset(await connection.scalars(text(LARGE)))
        await filling.close()
        database = Database(url, pool_size=1)
        with explained(database) as found:
            yield Crowded(database, found, large)
        await database.close()


@pytest.mark.parametrize("question", QUESTIONS)
async def test_nothing_large_is_read_row_by_row(question: str, crowded: Crowded) -> None:
    assert {"jobs", "job_events", "procrastinate_jobs", "files", "deliveries"} <= crowded.large
    await crowded.database.ping()
    crowded.explained.plans.clear()
    async with crowded.database.transaction(patience_seconds=COMMAND_SECONDS) as session:
        try:
            await QUESTIONS[question](session)
        finally:
            await session.rollback()
    assert crowded.explained.plans, "PostgreSQL said nothing"
    large = crowded.large - WHOLE.get(question, set())
    read = [f"{table}, for:\n{statement}" for table, statement in crowded.explained.scans() if table in large]
    assert not read, "\n\n".join(read)
