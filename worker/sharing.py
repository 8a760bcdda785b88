"""The same work is done once: a run asks whether it is to do it, as soon as it knows what it is to be done to."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError

from playhead.database import Database
from playhead.errors import LeaseLostError
from playhead.ledger.run import Run
from playhead.ledger.sharing.boarding import board
from playhead.ledger.sharing.keys import contents_of, key_of, work_of
from playhead.registry import kinds
from playhead.settings import Settings
from worker.retrying import transact


class SharedError(LeaseLostError):
    """The run has lost its job to another that does the same work, or has done it."""


class Sharing:
    """Asks for one run, once."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._asked = False

    async def require_own(self, run: Run, known: Sequence[str | None]) -> None:
        """Go on only if the work is this run's own to do. ``known`` are the inputs' contents, as far as they are known.

        Raises:
            SharedError: it is another's.
            LeaseLostError: the run has lost its job.
        """
        key = self._key(run, known) if run.shares and not self._asked else None
        if key is None:
            return
        self._asked = True
        if not await transact(self._database, lambda session: board(session, run, key)):
            raise SharedError(f"another job does the work of job {run.job_id}")

    def _key(self, run: Run, known: Sequence[str | None]) -> bytes | None:
        # By the settings of this worker: it is what does the work.
        kind = kinds()[run.kind]
        try:
            work = work_of(run.owner_id, kind, kind.params.model_validate(run.params), self._settings)
        except ValidationError:  # of a version whose params were others: its work says so
            return None
        return key_of(work, contents_of(run.input, known)) if work else None
