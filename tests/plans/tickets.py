"""What Procrastinate's table is asked by statements of our own."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.plans.explaining import Question
from worker import tickets_table

VALUES: Mapping[str, Any] = {
    "queues": ["gpu", "gpu/transcribe", "io", "io/deliver"],
    "oldest": 2,
    "near": 120,
    "most": 20,
    "loop": 1,
    "ids": list(range(1, 21)),
    "told": [1, 2],
}
STATEMENTS = {
    name: statement
    for name, statement in vars(tickets_table).items()
    if name.isupper() and not name.startswith("_") and "procrastinate_jobs" in statement
}


async def _ask(statement: str, session: AsyncSession) -> None:
    """As the worker does, through another driver: that comes to plans for any values."""
    await session.execute(text("UPDATE procrastinate_jobs SET status = 'doing', worker_id = 1 WHERE id <= 20"))
    await session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    names = re.findall(r"%\((\w+)\)s", statement)
    values = {name: VALUES[name] for name in names}
    await session.execute(text(re.sub(r"%\((\w+)\)s", r":\1", statement)), values)


QUESTIONS: Mapping[str, Question] = {
    f"tickets: {name}": functools.partial(_ask, statement) for name, statement in STATEMENTS.items()
}
