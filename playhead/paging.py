"""Lists, a page at a time, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows, the newest first; ``next_before`` is the id that the next page comes before, None at the end."""

    rows: Sequence[Row]
    next_before: UUID | None


async def newest(session: AsyncSession, wanted: Select[Row], *, limit: int, before: UUID | None) -> Page[Row]:
    """The page of these rows, each with an ``id``, that comes before this one; the first where that is None."""
    row_id: Any = wanted.column_descriptions[0]["entity"].id
    older = wanted if before is None else wanted.where(row_id < before)
    rows: Sequence[Any] = (await session.scalars(older.order_by(row_id.desc()).limit(limit + 1))).all()
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
