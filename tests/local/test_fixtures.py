"""The fixtures that every other test stands on."""

import asyncpg


async def test_a_test_gets_a_database_of_its_own(empty_database_url: str, postgres_url: str) -> None:
    connection = await asyncpg.connect(empty_database_url)
    try:
        name = await connection.fetchval("SELECT current_database()")
        assert name.startswith("test_")
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()
    assert name not in postgres_url
