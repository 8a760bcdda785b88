"""Adventures: begun, gone on with, tried again, forgotten."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.errors import (
    AlreadyDecidedError,
    EntryFailedError,
    EntryPendingError,
    IdempotencyMismatchError,
    InvalidError,
    NotFoundError,
    StateConflictError,
)
from playhead.ledger.batches import operate, read
from playhead.models import Adventure, AdventureEntry, File
from playhead.states import TERMINAL
from playhead.stories.reading import AdventureView
from playhead.stories.steps import entry_request
from playhead.story import CHOICES, Story


@dataclass(frozen=True)
class Decision:
    """What is to happen next.

    Attributes:
        choice: the number of a choice, from 1, or its words.
        after: the number of the entry whose choice it is; None for the latest.
        key: the same key again gives the same entry.
    """

    choice: int | str
    after: int | None = None
    key: str | None = None


async def create(session: AsyncSession, requests: Requests, wanted: Adventure) -> Adventure:
    """Begin this adventure, or find the one that its key already began.

    Raises:
        IdempotencyMismatchError: the key was used for another request.
    """
    if known := await _find_known(session, wanted):
        return known
    try:
        async with session.begin_nested():
            session.add(wanted)
    except IntegrityError:  # Another request with this key was committed meanwhile.
        return await create(session, requests, wanted)
    await _ask(session, requests, wanted, AdventureEntry(adventure_id=wanted.id, number=1), None)
    return wanted


async def _find_known(session: AsyncSession, wanted: Adventure) -> Adventure | None:
    if wanted.idempotency_key is None:
        return None
    same = select(Adventure).filter_by(owner_id=wanted.owner_id, idempotency_key=wanted.idempotency_key)
    found = await session.scalar(same)
    if found and found.request_digest != wanted.request_digest:
        message = "this key already began another adventure: use a new key for a new request"
        raise IdempotencyMismatchError(message, field="Idempotency-Key")
    return found


async def decide(session: AsyncSession, requests: Requests, view: AdventureView, decision: Decision) -> AdventureEntry:
    """Have the next entry be written, or find the one that this decision already led to. The adventure is locked.

    Raises:
        InvalidError: there is no such choice.
        EntryPendingError, EntryFailedError: there is no entry to decide after, yet.
        AlreadyDecidedError: something else was chosen after that entry.
        IdempotencyMismatchError: the key was used for another decision.
    """
    adventure = view.adventure
    if known := await _find_decided(session, adventure.id, decision):
        return known
    _require_complete(view)
    last = Story.model_validate(view.latest.story)
    if decision.after is not None and decision.after > last.number:
        raise InvalidError(f"there is no entry {decision.after} yet: the latest is {last.number}", field="entry")
    choice = _number(decision.choice, last)
    entry = AdventureEntry(
        adventure_id=adventure.id,
        number=last.number + 1,
        choice=choice,
        decision=last.choices[choice - 1],
        idempotency_key=decision.key,
    )
    return await _ask(session, requests, adventure, entry, last)


async def _find_decided(session: AsyncSession, adventure_id: UUID, decision: Decision) -> AdventureEntry | None:
    """The entry that this decision led to, by its key or by the entry that it was made after."""
    own = select(AdventureEntry).where(AdventureEntry.adventure_id == adventure_id)
    if decision.key and (found := await session.scalar(own.filter_by(idempotency_key=decision.key))):
        if not _is_same(decision, found):
            message = "this key was already used for another decision: use a new key for a new request"
            raise IdempotencyMismatchError(message, field="Idempotency-Key")
        return found
    found = await session.scalar(own.filter_by(number=decision.after + 1)) if decision.after else None
    if found and not _is_same(decision, found):
        raise AlreadyDecidedError(f"after entry {decision.after} choice {found.choice} was taken: {found.decision}")
    return found


def _is_same(decision: Decision, entry: AdventureEntry) -> bool:
    return decision.choice in {entry.choice, entry.decision} and decision.after in {None, entry.number - 1}


def _require_complete(view: AdventureView) -> None:
    number = view.latest.number
    if view.latest.status == "pending":
        raise EntryPendingError(f"entry {number} is still being written: decide once it is complete")
    if view.latest.status == "error":
        raise EntryFailedError(f"entry {number} could not be written: POST .../retry, then decide once it is complete")


def _number(choice: int | str, story: Story) -> int:
    if isinstance(choice, int):
        return choice
    if choice not in story.choices:
        told = "; ".join(f"{number}: {one}" for number, one in enumerate(story.choices, start=1))
        raise InvalidError(f"give a number from 1 to {CHOICES}, or the words of a choice. {told}", field="choice")
    return story.choices.index(choice) + 1


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
        await _ask(session, requests, view.adventure, entry, last)
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


async def _ask(
    session: AsyncSession, requests: Requests, adventure: Adventure, entry: AdventureEntry, last: Story | None
) -> AdventureEntry:
    """Submit the jobs of an entry; it is written down together with them."""
    asked = requests.understand(entry_request(adventure, last, entry.choice))
    [made] = await requests.submit(session, adventure.owner_id, [asked])
    assert made.batch_id is not None  # noqa: S101 - it asks for a graph
    entry.batch_id = made.batch_id
    session.add(entry)
    await session.flush()
    return entry
