"""Asking for the jobs of an entry."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.models import Adventure, AdventureEntry
from playhead.stories.steps import entry_request
from playhead.story import Story


async def ask(
    session: AsyncSession, requests: Requests, adventure: Adventure, entry: AdventureEntry, last: Story | None
) -> AdventureEntry:
    """Submit the jobs of an entry, the one after ``last``; it is kept together with them, or neither.

    Raises:
        InvalidError, InputQuarantinedError: as :meth:`playhead.asking.requests.Requests.submit`.
    """
    asked = requests.understand(entry_request(adventure, last, entry.choice))
    [made] = await requests.submit(session, adventure.owner_id, [asked])
    assert made.batch_id is not None  # noqa: S101 - it asks for a graph
    entry.batch_id = made.batch_id
    session.add(entry)
    await session.flush()
    return entry
