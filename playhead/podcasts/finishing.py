"""Finishing: what the jobs of an episode made is kept with it, for it outlives them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import UUID as SQL_UUID
from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.identity import new_id
from playhead.models import PODCASTS_OWNER, Batch, Episode, File, Job, Output
from playhead.podcasts.graph import SUMMARIZE, TRANSCRIBE, TRANSCRIPT
from playhead.podcasts.making import give_up
from playhead.states import TERMINAL, State
from playhead.summary import Summary

AT_ONCE = 50
"""Episodes in one transaction, each a savepoint, as in :mod:`playhead.podcasts.making`."""

Names = Mapping[str, str]
"""The ids of an episode's jobs by their names."""


async def finish_made(session: AsyncSession) -> int:
    """Go on with episodes whose jobs have ended, some of them. Gives how many."""
    found = (await session.execute(_ended())).all()
    for episode, last, names in found:
        try:
            async with session.begin_nested():
                await _finish(session, episode, last, names)
        except Exception as error:  # noqa: BLE001 - told apart there
            give_up(episode, refusal(error, episode_id=str(episode.id)))
    return len(found)


@functools.cache
def _ended() -> Select[Any]:
    """Episodes whose last job has ended, each with it; with None where the batch was deleted under them."""
    last: Any = Batch.names[SUMMARIZE].astext.cast(SQL_UUID)
    made = select(Episode, Job, Batch.names).outerjoin(Batch, Batch.id == Episode.batch_id)
    made = made.outerjoin(Job, Job.id == last).where(Episode.state == "making")
    ended = made.where(or_(Job.id.is_(None), Job.state.in_(TERMINAL))).order_by(Episode.id).limit(AT_ONCE)
    return ended.with_for_update(skip_locked=True, of=Episode)


async def _finish(session: AsyncSession, episode: Episode, last: Job | None, names: Names | None) -> None:
    if last is None or names is None:
        episode.state, episode.batch_id = "wanted", None
    elif last.state == State.SUCCEEDED:
        Summary.model_validate(last.result)  # Of all that is ready people can be told.
        episode.transcript_file_id = await _keep_transcript(session, names)
        episode.state, episode.summary, episode.error = "ready", last.result, None
    else:
        give_up(episode, await _reason(session, last, names))


async def _keep_transcript(session: AsyncSession, names: Names) -> UUID | None:
    """Our own transcript as a file that stays; None where the publisher's served, or it is gone."""
    if TRANSCRIBE not in names:
        return None
    made = select(Output).where(Output.job_id == UUID(names[TRANSCRIBE]), Output.name == TRANSCRIPT)
    # Held, as what is deleted with its job leaves its bytes without anything that points at them.
    output = await session.scalar(made.with_for_update(key_share=True))
    if output is None:
        return None
    about = {"name": TRANSCRIPT, "media_type": output.media_type, "size_bytes": output.size_bytes}
    file = File(id=new_id(), owner_id=PODCASTS_OWNER, sha256=output.sha256, **about)
    session.add(file)
    await session.flush()
    return file.id


async def _reason(session: AsyncSession, last: Job, names: Names) -> dict[str, Any]:
    """Of the job that failed first: the last only says that it waited for it."""
    first = await session.get(Job, UUID(names[TRANSCRIBE])) if TRANSCRIBE in names else None
    failed = first if first and first.state != State.SUCCEEDED else last
    told = failed.error or {"code": failed.state, "message": "it was ended by hand"}
    return {**told, "message": f"{failed.kind}: {told['message']}"}
