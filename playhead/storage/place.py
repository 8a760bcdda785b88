"""What a local folder and a bucket do differently."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Protocol

from obstore.store import ObjectStore


class Place(Protocol):
    """Where the bytes lie. Each method raises :class:`~playhead.errors.StorageError` when the store fails."""

    @property
    def store(self) -> ObjectStore:
        """The store, for all that is the same everywhere."""
        ...

    @property
    def bulk(self) -> ObjectStore:
        """The same store, with more patience: for requests that take as long as their bytes do."""
        ...

    async def promote(self, incoming: str, blob: str, size_bytes: int) -> None:
        """Move a finished upload to its name, over an equal blob that may lie there; on return it is durable.

        The blob is as new as the move even where it lay there before: whoever sweeps old bytes that no row points
        at must not take those that a row is just about to point at.
        """
        ...

    async def download(self, blob: str, sha256: str, path: Path) -> None:
        """Put a blob at a local path, all at once; :class:`~playhead.storage.faults.AbsentError` without it."""
        ...

    def unfinished(self, before: datetime) -> AsyncIterator[str]:
        """The keys of uploads that nobody has written to since ``before``."""
        ...

    async def remove(self, key: str) -> None:
        """Remove an object or an unfinished upload; nothing happens where there is none."""
        ...
