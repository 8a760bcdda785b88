"""What a reader chooses, and the entry that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.requests import Requests
from playhead.errors import (
    AlreadyDecidedError,
    EntryFailedError,
    EntryPendingError,
    IdempotencyMismatchError,
    InvalidError,
)
from playhead.models import AdventureEntry
from playhead.stories.asking import ask
from playhead.stories.reading import AdventureView
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
    return await ask(session, requests, adventure, entry, last)


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
        raise InvalidError(f"Give a number from 1 to {CHOICES}, or the words of a choice. {told}", field="choice")
    return story.choices.index(choice) + 1
