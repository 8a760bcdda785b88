from __future__ import annotations

import asyncio
import importlib.resources

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from playhead.database import COMMAND_SECONDS, Database
from playhead.migrate import config, current, head, upgrade
from playhead.models import Base

CATALOG = text(
    """
    SELECT 'function ' || proname || ' ' || pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate%'
    UNION ALL
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
        || coalesce(column_default, '') || ' ' || is_identity
    FROM information_schema.columns WHERE table_name LIKE 'procrastinate%'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE tablename LIKE 'procrastinate%'
    UNION ALL
    SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid::regclass::text LIKE 'procrastinate%'
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger
    WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'procrastinate%'
    UNION ALL
    SELECT 'enum ' || typname || ' ' || string_agg(enumlabel, ',' ORDER BY enumsortorder)
    FROM pg_enum JOIN pg_type ON pg_type.oid = enumtypid WHERE typname LIKE 'procrastinate%' GROUP BY typname
    UNION ALL
    SELECT 'composite ' || relname || ' ' || string_agg(attname || ' ' || atttypid::regtype, ',' ORDER BY attnum)
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid WHERE relkind = 'c' AND relname LIKE 'procrastinate%'
    GROUP BY relname
    """
)


CHANGED = (
    "procrastinate_jobs_priority_idx_v1",
    "procrastinate_jobs_queue_name_idx_v1",
    "procrastinate_jobs_next_idx",
    "procrastinate_jobs_oldest_idx",
    "procrastinate_notify_queue_job_inserted_v1()",
)
"""By 0015_dispatch."""


async def catalog(database: Database) -> list[str]:
    async with database.transaction() as session:
        return sorted(await session.scalars(CATALOG))


async def test_procrastinates_tables_are_those_that_it_ships_but_for_what_we_changed(
    database_url: str, empty_database_url: str
) -> None:
    shipped = importlib.resources.files("procrastinate").joinpath("sql", "schema.sql").read_text()
    ours, theirs = Database(database_url), Database(empty_database_url)
    try:
        async with theirs.engine.begin() as connection:
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.execute(shipped, timeout=COMMAND_SECONDS)
        expected = await catalog(theirs)
        assert len(expected) > 50
        different = {*await catalog(ours)} ^ {*expected}
        assert sorted(name for name in CHANGED if any(name in one for one in different)) == sorted(CHANGED)
        assert not [one for one in different if not any(name in one for name in CHANGED)]
    finally:
        await ours.close()
        await theirs.close()


async def test_models_and_migrations_agree(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        options = {"include_name": lambda name, kind, _: not (kind == "table" and name.startswith("procrastinate_"))}
        context = MigrationContext.configure(connection, opts=options | {"compare_server_default": True})
        return list(compare_metadata(context, Base.metadata))

    database = Database(database_url)
    try:
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
            assert await connection.run_sync(current) == head()
    finally:
        await database.close()


async def test_a_version_before_kinds_had_places_finds_its_tickets_again(empty_database_url: str) -> None:
    await upgrade(empty_database_url)
    write = text(
        "INSERT INTO procrastinate_jobs (task_name, queue_name) VALUES ('playhead.look', 'gpu/a'), ('b', 'b/c')"
    )
    database = Database(empty_database_url)
    try:
        async with database.engine.begin() as connection:
            await connection.execute(write)
            await connection.run_sync(lambda link: command.downgrade(config(link), "0005_batches"))
            names = await connection.scalars(text("SELECT queue_name FROM procrastinate_jobs ORDER BY id"))
            assert names.all() == ["gpu", "b/c"]
    finally:
        await database.close()


async def test_two_migrations_at_once_are_one(empty_database_url: str) -> None:
    await asyncio.gather(*(upgrade(empty_database_url) for _ in range(3)))
    await upgrade(empty_database_url)


def test_the_history_is_one_line() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1
