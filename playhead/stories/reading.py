"""Adventures and how far they are, for those who ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import NotFoundError
from playhead.models import Adventure, AdventureEntry, File
from playhead.paging import Page, newest

Status = Literal["awaiting_first_entry", "awaiting_entry", "active", "error"]
Part = Literal["audio", "annotation"]
"""What an entry has a file of."""


@dataclass(frozen=True)
class AdventureView:
    """An adventure, and its latest entry."""

    adventure: Adventure
    latest: AdventureEntry

    @property
    def status(self) -> Status:
        """What may be done now: wait for an entry, decide, or try again."""
        if self.latest.status == "pending":
            return "awaiting_first_entry" if self.latest.number == 1 else "awaiting_entry"
        return "active" if self.latest.status == "complete" else "error"

    @property
    def error(self) -> dict[str, Any] | None:
        """Why there is no next entry, where that is so."""
        return self.latest.error


async def find(session: AsyncSession, owner_id: UUID, adventure_id: UUID, *, to_change: bool = False) -> AdventureView:
    """This adventure, locked where it or its entries are to be changed.

    Raises:
        NotFoundError: the owner has none with this id.
    """
    mine = select(Adventure).where(Adventure.id == adventure_id, Adventure.owner_id == owner_id)
    found = await session.scalar(mine.with_for_update() if to_change else mine)
    if found is None:
        raise NotFoundError(f"there is no adventure {adventure_id}")
    return (await _views(session, [found]))[0]


async def list_adventures(
    session: AsyncSession, owner_id: UUID, *, limit: int, before: UUID | None
) -> Page[AdventureView]:
    """The owner's."""
    page = await newest(session, select(Adventure).filter_by(owner_id=owner_id), limit=limit, before=before)
    return Page(await _views(session, page.rows), page.next_before)


async def entries(session: AsyncSession, adventure_id: UUID) -> Sequence[AdventureEntry]:
    """Those of an adventure, from the first."""
    own = select(AdventureEntry).where(AdventureEntry.adventure_id == adventure_id)
    return (await session.scalars(own.order_by(AdventureEntry.number))).all()


async def find_entry(session: AsyncSession, owner_id: UUID, adventure_id: UUID, number: int) -> AdventureEntry:
    """One of them.

    Raises:
        NotFoundError: there is none, or the adventure is another owner's.
    """
    own = select(AdventureEntry).where(AdventureEntry.adventure_id == adventure_id, AdventureEntry.number == number)
    found = await session.scalar(own.join(Adventure).where(Adventure.owner_id == owner_id))
    if found is None:
        raise NotFoundError(f"there is no entry {number} of an adventure {adventure_id}")
    return found


async def files(session: AsyncSession, entry: AdventureEntry) -> Mapping[Part, File]:
    """The files that an entry has."""
    ids: dict[UUID | None, Part] = {entry.audio_id: "audio", entry.annotation_id: "annotation"}
    found = select(File).where(File.id.in_([one for one in ids if one]))
    return {ids[file.id]: file for file in await session.scalars(found)}


async def _views(session: AsyncSession, adventures: Sequence[Adventure]) -> list[AdventureView]:
    latest = (
        select(AdventureEntry)
        .where(AdventureEntry.adventure_id.in_([one.id for one in adventures]))
        .ext(distinct_on(AdventureEntry.adventure_id))
        .order_by(AdventureEntry.adventure_id, AdventureEntry.number.desc())
        .execution_options(populate_existing=True)
    )
    found = {entry.adventure_id: entry for entry in await session.scalars(latest)}
    return [AdventureView(one, found[one.id]) for one in adventures]
