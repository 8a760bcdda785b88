"""Cursors: where a page begins, in a form that nobody is tempted to make up."""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from playhead.errors import InvalidError


def encode(before: UUID | None) -> str | None:
    """The cursor of the page that begins before this id."""
    return base64.urlsafe_b64encode(before.bytes).rstrip(b"=").decode() if before else None


def decode(cursor: str | None) -> UUID | None:
    """The id that a cursor holds.

    Raises:
        InvalidError: it is none of ours.
    """
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(f"{cursor}==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise InvalidError("this is no cursor: take `next_cursor` of a page as it is", field="cursor") from None
