"""What Procrastinate's connections cost while nothing comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg.waiting

from worker.connector import NEWS, Connector

if TYPE_CHECKING:
    import pytest

    from tests.worker.conftest import House


async def test_who_waits_wakes_by_himself_every_few_seconds_only(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """psycopg's own connections wake ten times a second, which was a third of an idle worker's time."""
    intervals: list[float] = []

    def wait_async(*args: Any, **options: Any) -> Any:
        intervals.append(options["interval"])
        return as_it_is(*args, **options)

    as_it_is = psycopg.waiting.wait_async
    connector = Connector(house.database.url, application="test", connections=2)
    await connector.open_async()
    try:
        await connector.execute_query_async("SELECT 1")
        monkeypatch.setattr(psycopg.waiting, "wait_async", wait_async)
        assert await connector.execute_query_one_async("SELECT %(news)s AS news", news=NEWS) == {"news": NEWS}
    finally:
        await connector.close_async()
    assert intervals
    assert min(intervals) > 1
