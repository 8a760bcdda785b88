"""Claiming: a job is taken as soon as the database answers, and once, though an answer may be lost."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import structlog

from playhead.cancellation import end_if_canceled
from playhead.database import Database, is_away
from playhead.ledger.claim import claim, claim_free, find_claimed
from playhead.ledger.run import Run
from worker.gathering import Gathering

PAUSES_SECONDS = (0.1, 0.5, 1.0)
"""Between tries while the database is away; the last is repeated."""

AT_ONCE = 50
"""Jobs that are claimed in one statement."""
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claiming:
    """Takes jobs for a worker: those together whose tickets come at the same time.

    Attributes:
        wanted: whether to go on trying.
        may_take_up: whether nobody else in this process does anything with a run. A claim that was committed, but
            whose answer was lost, is taken up only then: it must not be run twice, nor taken back while it is run.
    """

    database: Database
    worker_id: UUID
    wanted: Callable[[], bool]
    may_take_up: Callable[[Run], bool]

    async def claim(self, job_id: UUID) -> Run | None:
        """The run, or None where there is nothing to take.

        Raises:
            CancelledError: the database is away, and no more tries are wanted. The ticket is put back then, in silence.
        """
        run = await self._try_together(job_id)
        if isinstance(run, Run):
            return run
        unsure = run is not None
        pauses = itertools.chain(PAUSES_SECONDS, itertools.repeat(PAUSES_SECONDS[-1]))
        while True:
            try:
                return await self._try(job_id, unsure=unsure)
            except Exception as error:
                end_if_canceled()
                if not is_away(error):
                    raise
                log.warning("claim_postponed", job_id=str(job_id), error=repr(error))
            if not self.wanted():
                raise asyncio.CancelledError("this worker takes no more")
            unsure = True
            await asyncio.sleep(next(pauses))

    async def _try_together(self, job_id: UUID) -> Run | Exception | None:
        """The run, or None where it cannot be taken together with others; or why nobody knows."""
        try:
            return await self._together.put(job_id)
        except Exception as error:  # noqa: BLE001 - the next try, alone, tells what it is
            end_if_canceled()
            return error

    @cached_property
    def _together(self) -> Gathering[UUID, Run | None]:
        return Gathering(self._claim_free, AT_ONCE)

    async def _claim_free(self, job_ids: Sequence[UUID]) -> Sequence[Run | None]:
        async with self.database.plain(one_statement=True) as connection:
            runs = {run.job_id: run for run in await claim_free(connection, job_ids, self.worker_id)}
        return [runs.pop(job_id, None) for job_id in job_ids]  # Of a doubled ticket, the first has it.

    async def _try(self, job_id: UUID, *, unsure: bool) -> Run | None:
        async with self.database.transaction() as session:
            run = await claim(session, job_id, self.worker_id)
            if run is None and unsure:
                found = await find_claimed(session, job_id, self.worker_id)
                return found if found and self.may_take_up(found) else None
        return run
