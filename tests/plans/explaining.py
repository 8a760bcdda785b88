"""What PostgreSQL did for each statement: the plans that its auto_explain tells of."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.database import Database

Question = Callable[[AsyncSession], Awaitable[Any]]
LARGE_ROWS = 10_000
_SETTINGS = """
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off;
    SET auto_explain.log_format = json;
    SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_level = notice;
"""
LARGE = f"SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > {LARGE_ROWS}"  # noqa: S608 - a constant


@dataclass
class Explained:
    """The plans of all statements since it was last emptied."""

    plans: list[Mapping[str, Any]] = field(default_factory=list)

    def scans(self) -> Iterator[tuple[str, str]]:
        """Each table that was read row by row, and the statement that did it."""
        for plan in self.plans:
            for node in _nodes(plan["Plan"]):
                if node["Node Type"] == "Seq Scan" and node["Actual Loops"]:
                    yield node["Relation Name"], plan["Query Text"]


@contextmanager
def explained(database: Database) -> Iterator[Explained]:
    """Listen to the database's new connections; made before the first of them."""
    made = Explained()

    def heard(_: object, message: Any) -> None:
        _, found, plan = message.message.partition("plan:\n")
        if found:
            made.plans.append(json.loads(plan))

    def prepare(adapted: Any, _: object) -> None:
        adapted.run_async(lambda connection: connection.execute(_SETTINGS))
        adapted.driver_connection.add_log_listener(heard)

    event.listen(database.engine.sync_engine, "connect", prepare)
    yield made


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
