"""Ids: UUIDv7, so that they sort by the time they were made (RFC 9562)."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id(*, after: Iterable[UUID] = ()) -> UUID:
    """A new UUIDv7. It sorts after all of ``after``, which a machine whose clock is ahead may have made."""
    made = uuid7()
    last = max(after, default=made)
    if last <= made:
        return made
    milliseconds = last.int >> 80
    return uuid7(nanoseconds=(milliseconds + 1) * 1_000_000)
