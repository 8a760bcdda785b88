"""Bulk: jobs by the hundred thousand, of which those that are known are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.digests import digest_of
from playhead.ledger.inputs import sources
from playhead.ledger.submit import Contents, Submission, find_contents, find_unmet, store

AT_ONCE = 1000
"""Jobs in one transaction."""


async def submit_bulk(session: AsyncSession, wanted: Sequence[Submission]) -> list[UUID]:
    """Accept those of these jobs of one owner that no bulk has asked for before. Gives the ids of those made.

    A job is known by its kind, the content of its input and its params; an address, and the output of a job that has
    not ended, by their names. It is known for as long as the job that was made of it is kept, however that ended.

    Raises:
        InvalidError, InputQuarantinedError: as :func:`playhead.ledger.submit.submit`; nothing is stored then.
    """
    unmet = await find_unmet(session, wanted)
    contents = await find_contents(session, wanted)
    keyed = [replace(one, idempotency_key=_key(one, known)) for one, known in zip(wanted, contents, strict=True)]
    return await store(session, keyed, unmet, contents)


def _key(wanted: Submission, contents: Contents) -> str:
    inputs = [known or _named(source) for known, source in zip(contents, sources(wanted.input), strict=True)]
    # With a space, which no header's key has.
    return f"bulk {digest_of([wanted.kind, inputs, wanted.known_params]).hex()}"


def _named(source: Mapping[str, Any]) -> str:
    if "text" in source:
        return hashlib.sha256(source["text"].encode()).hexdigest()
    return to_json(dict(sorted(source.items()))).decode()
