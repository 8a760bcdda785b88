"""Bulk: jobs by the hundred thousand, of which those that are known are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.ledger.known import Work, known_by_name
from playhead.ledger.submit import Submission, find_contents, find_unmet, store

AT_ONCE = 1000
"""Jobs in one transaction."""


async def submit_bulk(session: AsyncSession, wanted: Sequence[Submission]) -> list[UUID]:
    """Accept those of these jobs of one owner that no bulk has asked for before. Gives the ids of those made.

    A job is known by its kind, the content of its input and its params; an address by itself, and an output that is
    still to be made by its name until then. It is known for as long as the job that was made of it is kept, however
    that ended.

    Raises:
        InvalidError, InputQuarantinedError: as :func:`playhead.ledger.submit.submit`; nothing is stored then.
    """
    unmet = await find_unmet(session, wanted)
    contents = await find_contents(session, wanted)
    works = [Work.on(one.kind, one.input, known, one.known_params) for one, known in zip(wanted, contents, strict=True)]
    known = await known_by_name(session, wanted[0].owner_id, works)
    new = [place for place, work in enumerate(works) if work.key not in known]
    keyed = [replace(wanted[place], idempotency_key=works[place].key) for place in new]
    return await store(session, keyed, unmet, [contents[place] for place in new])
