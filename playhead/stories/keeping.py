"""Adventures: begun, tried again, forgotten."""

from __future__ import annotations

import contextlib

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.errors import NotFoundError, StateConflictError
from playhead.idempotency import find_known
from playhead.ledger.batches import operate, read
from playhead.models import Adventure, AdventureEntry, File
from playhead.states import TERMINAL
from playhead.stories.asking import ask
from playhead.stories.reading import AdventureView
from playhead.story import Story


async def create(session: AsyncSession, requests: Requests, wanted: Adventure) -> Adventure:
    """Begin this adventure, or find the one that its key already began.

    Raises:
        IdempotencyMismatchError: the key was used for another request.
    """
    if known := await find_known(session, wanted, "adventure"):
        return known
    try:
        async with session.begin_nested():
            session.add(wanted)
    except IntegrityError:  # Another request with this key was committed meanwhile.
        return await create(session, requests, wanted)
    await ask(session, requests, wanted, AdventureEntry(adventure_id=wanted.id, number=1), None)
    return wanted


async def retry(session: AsyncSession, requests: Requests, view: AdventureView) -> None:
    """Try again to write the latest entry: what failed of it alone, where that is still there. The adventure is locked.

    An entry that is being written is left at that, so the request is safe to repeat.

    Raises:
        StateConflictError: nothing failed.
    """
    entry = view.latest
    if entry.status == "complete":
        raise StateConflictError(f"entry {entry.number} is complete: there is nothing to try again")
    if entry.status == "pending":
        return
    if not await _revived(session, view):
        last = await _story_before(session, entry)
        await ask(session, requests, view.adventure, entry, last)
    entry.status, entry.error, entry.finished_at = "pending", None, None


async def _revived(session: AsyncSession, view: AdventureView) -> bool:
    """Whether the jobs of the latest entry go on, or have done by now what they failed to: a person may retry them."""
    owner_id, entry = view.adventure.owner_id, view.latest
    if entry.error is None or entry.error["step"] is None:
        return False
    try:
        batch = await read.find_batch(session, owner_id, entry.batch_id)
        if batch.failures and set(batch.counts) <= TERMINAL:
            await operate.retry(session, owner_id, entry.batch_id)
    except (NotFoundError, StateConflictError):  # They were deleted, or one of them can never begin.
        return False
    return True


async def _story_before(session: AsyncSession, entry: AdventureEntry) -> Story | None:
    before = select(AdventureEntry.story).filter_by(adventure_id=entry.adventure_id, number=entry.number - 1)
    told = await session.scalar(before)
    return Story.model_validate(told) if told else None


async def remove(session: AsyncSession, view: AdventureView) -> None:
    """Forget the adventure with its entries and their files; what is being written is canceled. It is locked."""
    adventure = view.adventure
    # Held first: whoever writes one down at this moment has made files by then.
    own = select(AdventureEntry.audio_id, AdventureEntry.annotation_id).filter_by(adventure_id=adventure.id)
    kept = [file_id for row in await session.execute(own.with_for_update()) for file_id in row if file_id]
    with contextlib.suppress(NotFoundError, StateConflictError):
        await operate.cancel(session, adventure.owner_id, view.latest.batch_id)
    await session.execute(delete(Adventure).where(Adventure.id == adventure.id))
    await session.execute(delete(File).where(File.id.in_(kept)))
