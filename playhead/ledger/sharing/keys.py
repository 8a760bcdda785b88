"""What makes two jobs the same work."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from playhead.digests import digest_of
from playhead.kind import Kind
from playhead.ledger.inputs import Source, sources
from playhead.settings import Settings

REVISION = 1
"""To be raised with a change after which no kind's earlier results will do."""


def work_of(owner_id: UUID, kind: Kind[Any, Any], params: BaseModel, settings: Settings) -> bytes | None:
    """What is to be done, whatever it is done to; None where it must be done for each job anew.

    Two owners never share: what one has made would tell the other that somebody has the same recording.
    """
    if kind.cached_by is None or not settings.cache:
        return None
    filled_in = params.model_dump(mode="json") | dict(kind.cached_by(params, settings))
    stub = settings.stub if settings.engines == "stub" else None
    return digest_of([REVISION, owner_id, kind.name, filled_in, settings.engines, stub])


def key_of(work: bytes, contents: Sequence[str | None]) -> bytes | None:
    """The key of this work, done to inputs of these contents (SHA-256 each); None while one is not known."""
    if not all(contents):
        return None
    return hashlib.sha256(work + "".join(map(str, contents)).encode()).digest()


def contents_of(asked: Source, known: Sequence[str | None]) -> list[str | None]:
    """The SHA-256 of each input: as known, and those of texts that the request has in it."""
    return [sha256 or _text(source) for source, sha256 in zip(sources(asked), known, strict=True)]


def _text(source: Source) -> str | None:
    return hashlib.sha256(source["text"].encode()).hexdigest() if "text" in source else None
