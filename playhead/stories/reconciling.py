"""Entries whose jobs have all ended are written down. Nothing tells of their end: they are looked for.

So nothing depends on who settled the jobs, or on whoever wrote entries down before and died over it. Whoever watches an
adventure, as one watches a job, is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.refusals import refusal
from playhead.database import Database
from playhead.errors import PlayheadError
from playhead.ledger.files import add_file
from playhead.ledger.history import tell
from playhead.ledger.settle import Made
from playhead.models import Adventure, AdventureEntry, Job
from playhead.states import TERMINAL
from playhead.storage import Blob, Storage
from playhead.stories.outcome import Outcome, look
from playhead.stories.steps import ANNOTATE, SPEAK, TRANSLATE

AT_ONCE = 50


@dataclass(frozen=True)
class Ended:
    """An entry whose jobs have all ended."""

    owner_id: UUID
    adventure_id: UUID
    number: int
    batch_id: UUID


@dataclass(frozen=True)
class Reconciler:
    """Writes entries down, from the ledger and the storage."""

    database: Database
    storage: Storage

    async def advance(self) -> int:
        """Write down what became of some entries whose jobs have ended. Gives of how many.

        Raises:
            StorageError: what one of them made cannot be read now; the others are written down. The database may be
                away, too. The next turn goes on.
        """
        async with self.database.transaction() as session:
            ended = [Ended(*row) for row in await session.execute(_ended())]
        done, missed = 0, list[PlayheadError]()
        for one in ended:
            try:
                done += await self._conclude(one)
            except PlayheadError as error:
                missed.append(error)
        if missed:
            raise missed[0]
        return done

    async def _conclude(self, one: Ended) -> bool:
        try:
            return await self._write_down(one)
        except Exception as error:
            if isinstance(error, PlayheadError) and error.transient:
                raise
            return await self._give_up(one, refusal(error, adventure_id=str(one.adventure_id), number=one.number))

    async def _write_down(self, one: Ended) -> bool:
        async with self.database.transaction() as session:
            outcome = await look(session, one.batch_id)
        translation = await self._translation(outcome)
        async with self.database.transaction() as session:
            entry = await _pending(session, one)
            # Whoever retried one of its jobs meanwhile made another outcome, which the next turn finds.
            if entry is None or await look(session, one.batch_id, held=True) != outcome:
                return False
            await _fill(session, entry, one, outcome, translation)
            await tell(session, one.adventure_id)
            return True

    async def _translation(self, outcome: Outcome) -> list[str] | None:
        """Read without a connection held: a bucket may take its time."""
        made = outcome.made(TRANSLATE)
        if made is None or outcome.error:
            return None
        content = b"".join([chunk async for chunk in await self.storage.read(made.sha256)])
        return outcome.translation(content.decode())

    async def _give_up(self, one: Ended, why: Mapping[str, Any]) -> bool:
        async with self.database.transaction() as session:
            if (entry := await _pending(session, one)) is None:
                return False
            entry.status, entry.finished_at = "error", func.now()
            entry.error = {"step": None, "code": why["code"], "message": why["message"]}
            await tell(session, one.adventure_id)
            return True


def _ended() -> Select[UUID, UUID, int, UUID]:
    going_on = exists().where(Job.parent_id == AdventureEntry.batch_id, Job.state.not_in(TERMINAL))
    entry = AdventureEntry
    found = select(Adventure.owner_id, entry.adventure_id, entry.number, entry.batch_id)
    pending = found.join(Adventure, Adventure.id == entry.adventure_id).where(entry.status == "pending", ~going_on)
    return pending.order_by(entry.batch_id).limit(AT_ONCE)


async def _pending(session: AsyncSession, one: Ended) -> AdventureEntry | None:
    """The entry, locked, if nobody has written it down or asked for it anew since it was found."""
    same = select(AdventureEntry).filter_by(
        adventure_id=one.adventure_id, number=one.number, batch_id=one.batch_id, status="pending"
    )
    return await session.scalar(same.with_for_update())


async def _fill(
    session: AsyncSession, entry: AdventureEntry, one: Ended, outcome: Outcome, translation: list[str] | None
) -> None:
    entry.finished_at = func.now()
    entry.error = outcome.error
    if entry.error:
        entry.status = "error"
        return
    entry.status = "complete"
    entry.story, entry.translation = outcome.story.model_dump(mode="json"), translation
    entry.audio_id = await _kept(session, one, outcome.made(SPEAK), outcome.spoken_seconds)
    entry.annotation_id = await _kept(session, one, outcome.made(ANNOTATE))


async def _kept(
    session: AsyncSession, one: Ended, made: Made | None, duration_seconds: float | None = None
) -> UUID | None:
    """A file of the owner with the same bytes, which outlives the job. They are there: the job's output holds them."""
    if made is None:
        return None
    file = await add_file(
        session,
        owner_id=one.owner_id,
        blob=Blob(made.sha256, made.size_bytes),
        name=f"{one.number}-{made.name}",
        media_type=made.media_type,
        duration_seconds=duration_seconds,
        expires_in_seconds=0,
    )
    return file.id
