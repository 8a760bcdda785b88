"""Requests with an ``Idempotency-Key``: what the same key made before."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import IdempotencyMismatchError
from playhead.models import Adventure, Schedule

Keyed = TypeVar("Keyed", Adventure, Schedule)


async def find_known(session: AsyncSession, wanted: Keyed, what: str) -> Keyed | None:
    """What the owner's request with this key made; None where there is no key, or none was made. ``what`` it is called.

    Raises:
        IdempotencyMismatchError: the key was used for another request.
    """
    if wanted.idempotency_key is None:
        return None
    kind: type[Keyed] = type(wanted)
    same = select(kind).filter_by(owner_id=wanted.owner_id, idempotency_key=wanted.idempotency_key)
    found = await session.scalar(same)
    if found and found.request_digest != wanted.request_digest:
        message = f"this key already made another {what}: use a new key for a new request"
        raise IdempotencyMismatchError(message, field="Idempotency-Key")
    return found
