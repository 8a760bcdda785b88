"""Settling: the end of a run is written, however long the database is away."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence
from typing import TypeGuard

import structlog
from pydantic_core import PydanticSerializationError
from sqlalchemy.exc import DBAPIError

from playhead.cancellation import end_if_canceled
from playhead.database import COMMAND_SECONDS, PATIENCE_SECONDS, Database, is_away
from playhead.errors import LeaseLostError, StorageError
from playhead.ledger import settle
from playhead.ledger.settle import Ended
from playhead.settings import RetrySettings
from playhead.storage import Storage
from worker.context import JobContext
from worker.gathering import Gathering
from worker.outcome import Failure, Outcome, Stop, Success, failure

PAUSES_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)
"""Between tries while the database is away; the last is repeated."""

STORAGE_SECONDS = 30.0
"""How long work that is done waits for a storage that cannot say that its outputs are there."""

AT_ONCE = 50
"""Runs whose ends are written in one transaction."""
log = structlog.get_logger(__name__)


class Settling:
    """Writes how runs end; those together that succeed at the same time, as far as nothing else goes with it."""

    def __init__(self, database: Database, storage: Storage, retry: RetrySettings) -> None:
        self._database = database
        self._storage = storage
        self._retry = retry
        self._together = Gathering(self._succeed_free, AT_ONCE)

    async def settle(self, context: JobContext, outcome: Outcome) -> str:
        """Write the end, or learn that it is void because another has the job. Gives the word for what was written."""
        if outcome is Stop.SHARED:
            return Stop.SHARED.value
        patience_seconds, storage_until = PATIENCE_SECONDS, time.monotonic() + STORAGE_SECONDS
        for pause in itertools.chain(PAUSES_SECONDS, itertools.repeat(PAUSES_SECONDS[-1])):
            try:
                return await self._write(context, outcome, patience_seconds)
            except LeaseLostError:
                break
            except Exception as error:  # noqa: BLE001 - told apart below
                log.warning("settle_postponed", error=repr(error))
                hopeful = isinstance(error, StorageError) and time.monotonic() < storage_until
                outcome = outcome if is_away(error) or hopeful else _instead(outcome, error)
            # What is too large to be written in time must not be tried for ever.
            patience_seconds = min(patience_seconds * 2, COMMAND_SECONDS)
            await asyncio.sleep(pause)
        return Stop.LOST.value

    async def _write(self, context: JobContext, outcome: Outcome, patience_seconds: float) -> str:
        if outcome is Stop.LOST:
            raise LeaseLostError("stopped")
        await self._say_the_rest(context, outcome)
        if await self._succeeded_together(context, outcome):
            return "succeeded"
        run, cost = context.run, context.cost
        async with self._database.transaction(patience_seconds=patience_seconds) as session:
            match outcome:
                case Success(result):
                    await settle.succeed(session, run, result, context.made.values(), cost, self._storage.confirm)
                    return "succeeded"
                case Failure(error):
                    state = await settle.fail(session, run, error, cost, self._retry)
                    return "failed" if state == "failed" else "to_retry"
                case _:
                    await settle.give_back(session, run, cost)
                    return "given_back"

    async def _succeeded_together(self, context: JobContext, outcome: Outcome) -> bool:
        """Whether it is written, with others that ended at the same time. If not, nobody knows: try it alone."""
        if not settles_together(outcome, context):
            return False
        try:
            return await self._together.put(Ended(context.run, outcome.result, context.cost))
        except Exception as error:  # noqa: BLE001 - it may be another's fault
            end_if_canceled()
            log.warning("settle_alone", error=repr(error))
            return False

    async def _succeed_free(self, ended: Sequence[Ended]) -> Sequence[bool]:
        async with self._database.plain() as connection:
            written = await settle.succeed_free(connection, ended)
        return [one.run.lease in written for one in ended]

    @staticmethod
    async def _say_the_rest(context: JobContext, outcome: Outcome) -> None:
        try:
            await context.reporter.flush()
        except (DBAPIError, PydanticSerializationError) as error:
            # What cannot be stored is dropped. It makes a success a lie, but it must not keep the job from its end.
            if isinstance(outcome, Success) or is_away(error):
                raise
            log.warning("report_dropped", error=repr(error))


def settles_together(outcome: Outcome, context: JobContext) -> TypeGuard[Success]:
    """Whether the end may be written with others': nothing that was made goes with it, and nobody shares it."""
    return isinstance(outcome, Success) and not context.made and not context.run.shares


def _instead(outcome: Outcome, error: Exception) -> Outcome:
    """What to write when the outcome itself cannot be: a success as a failure, a failure not at all.

    Raises:
        Exception: the failure could not be written either; the heartbeat finds the job in nobody's hands.
    """
    if isinstance(outcome, Success) or isinstance(error, StorageError):
        return failure(error)
    raise error
