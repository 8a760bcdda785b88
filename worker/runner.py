"""The runner: a ticket becomes a run, the run becomes a result. Claim, prepare, work and report, settle."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import shutil
import time
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import structlog
from structlog.contextvars import bound_contextvars

from playhead.database import Database
from playhead.engines import Engines
from playhead.errors import LeaseLostError
from playhead.ledger.run import Run
from playhead.pulse import Pulse
from playhead.settings import Settings
from playhead.storage import Storage
from worker.active import Active
from worker.claiming import Claiming
from worker.context import JobContext
from worker.inputs import Inputs
from worker.limit import limited
from worker.metrics import Metrics
from worker.outcome import Outcome, Stop, describe, failure
from worker.places import Place, Places
from worker.settling import Settling, settles_together
from worker.sharing import Sharing
from worker.work import work

log = structlog.get_logger(__name__)


PATIENCE = 0.8
"""Of the grace time, for work to stop. What is left is for writing how its runs ended, before others take them back."""
LAST_WORD_SECONDS = 2.0
"""For the writing at least."""


@dataclass
class Runner:
    """Runs the jobs of one worker process.

    Attributes:
        active: runs at work, by lease. It and what is in hand are replaced, never changed: the heart reads them from
            its own thread.
    """

    worker_id: UUID
    settings: Settings
    database: Database
    storage: Storage
    engines: Engines
    scratch: Path
    metrics: Metrics
    active: Mapping[int, Active] = field(default_factory=dict)
    _looks: set[asyncio.Task[None]] = field(default_factory=set)
    _looked: asyncio.Event = field(default_factory=asyncio.Event)
    _places: dict[str, Places] = field(default_factory=dict)
    _in_hand: tuple[UUID, ...] = ()
    _given_up: frozenset[int] = frozenset()
    _stopping: bool = False

    def __post_init__(self) -> None:
        self.pulse = Pulse.of(self.settings.worker)
        self._claiming = Claiming(
            self.database,
            self.worker_id,
            wanted=lambda: not self._stopping,
            may_take_up=self._may_take_up,
        )
        self._settling = Settling(self.database, self.storage, self.settings.retry)

    async def look(self, job_id: UUID, queue: str) -> None:
        """Act on a ticket from this queue: run the job if it can be claimed, as soon as there is a place for it.

        Returns when the place is free for another. The run is its own task: it may still have to be written then; and
        whoever handed over the ticket may be canceled, when its connection to the database breaks, and the run goes on.
        """
        left = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._look(job_id, queue, left), name=f"look {job_id}")
        self._looks.add(task)
        self._looked.set()
        task.add_done_callback(functools.partial(self._looked_at, left))
        await left

    def _looked_at(self, left: asyncio.Future[None], look: asyncio.Task[None]) -> None:
        self._looks.discard(look)
        error = None if look.cancelled() else look.exception()
        if left.done():
            if error is not None:  # The heart finds the job in nobody's hands.
                log.error("look_broke", error=repr(error), exc_info=error)
        elif look.cancelled():
            left.cancel()
        elif error is not None:
            left.set_exception(error)
        else:
            left.set_result(None)

    def take_no_more(self) -> None:
        """Look at no ticket from now on; runs under way go on."""
        self._stopping = True

    async def rest(self, seconds: float) -> None:
        """Wait until no ticket has been in hand for so long."""
        while True:
            await self._idle()
            self._looked.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._looked.wait()
            except TimeoutError:
                return

    def retire(self) -> bool:
        """Take no more, unless a ticket is in hand. Gives whether it is so."""
        if self._looks:
            return False
        self.take_no_more()
        return True

    async def take_last_words(self) -> None:
        """Take no more, and let runs that are ending by themselves write how, for a moment."""
        self.take_no_more()
        await self._idle(LAST_WORD_SECONDS)

    async def stop(self) -> None:
        """Begin nothing more and give every job back, also of work that does not stop. Bounded by the grace time."""
        grace_seconds = self.settings.worker.grace_seconds
        self.take_no_more()
        for active in self.active.values():
            active.end(Stop.SHUTDOWN)
        await self._idle(grace_seconds * PATIENCE)
        for active in self.active.values():
            active.abandon()
        await self._idle(max(grace_seconds * (1 - PATIENCE), LAST_WORD_SECONDS))
        for look in self._looks:
            look.cancel()

    async def _idle(self, seconds: float | None = None) -> None:
        if self._looks:
            await asyncio.wait(self._looks, timeout=seconds)

    def drop_lost(self, looked_at: list[Active], held: Collection[int]) -> None:
        """Stop those of these runs whose lease the ledger no longer knows. May be called from any thread."""
        for active in looked_at:
            if active.run.lease not in held:
                active.end_from_afar(Stop.LOST)

    def dropped(self, held: Mapping[int, UUID]) -> list[int]:
        """Those of these leases, read from the ledger before, whose jobs are in nobody's hands here.

        A run may be between its claim and its work, or between its work and its settling: those are in hand too.
        They are given up: until the next call, no look takes one of these leases up.
        """
        given_up = self._in_nobodys_hands(held)
        self._given_up = frozenset(given_up)
        # Asked again: a look that had the job in hand before it could know has it still.
        return list(self._in_nobodys_hands(given_up))

    def _in_nobodys_hands(self, held: Mapping[int, UUID]) -> dict[int, UUID]:
        in_hand = self._in_hand
        return {lease: job_id for lease, job_id in held.items() if job_id not in in_hand}

    def _may_take_up(self, run: Run) -> bool:
        """Whether nobody else here has the job in hand, and the heart is not about to take it back."""
        return self._in_hand.count(run.job_id) == 1 and run.lease not in self._given_up

    async def _look(self, job_id: UUID, queue: str, left: asyncio.Future[None]) -> None:
        if queue not in self._places:
            self._places[queue] = Places(self.settings.worker.concurrency.get(queue, 1))
        async with Place(self._places[queue], left) as place:
            if self._stopping:
                raise asyncio.CancelledError("this worker takes no more")  # so that the ticket is put back
            with self._holding(job_id):
                await self._act_on(job_id, place)

    @contextlib.contextmanager
    def _holding(self, job_id: UUID) -> Iterator[None]:
        self._in_hand = (*self._in_hand, job_id)
        try:
            yield
        finally:
            at = self._in_hand.index(job_id)  # Of a doubled ticket, either.
            self._in_hand = self._in_hand[:at] + self._in_hand[at + 1 :]

    async def _act_on(self, job_id: UUID, place: Place) -> None:
        run = await self._claiming.claim(job_id)
        if run is None:
            return
        bound = {"job_id": str(run.job_id), "kind": run.kind, "attempt": run.attempt, "trace_id": run.trace_id}
        with bound_contextvars(**bound):
            await self._run(run, place)

    async def _run(self, run: Run, place: Place) -> None:
        log.info("job_claimed", waited_seconds=round(run.waited_seconds, 3))
        began = time.monotonic()
        async with self._prepared(run) as context:
            outcome = await self._watched(run, context)
            if settles_together(outcome, context):
                place.leave()
            ended = await self._settling.settle(context, outcome)
        seconds = time.monotonic() - began
        self.metrics.ended(run, ended, seconds, context.cost)
        log.info("job_left", outcome=ended, seconds=round(seconds, 3), **describe(outcome))

    @contextlib.asynccontextmanager
    async def _prepared(self, run: Run) -> AsyncIterator[JobContext]:
        folder = self.scratch / f"{run.job_id}-{run.lease}"  # made on first use: a full disk is the work's own failure
        try:
            inputs = Inputs(self.database, self.storage, self.settings.fetch)
            sharing = Sharing(self.database, self.settings)
            yield JobContext(run, self.database, self.storage, inputs, self.engines, folder, sharing)
        finally:
            if folder.exists():  # Mostly it does not, and a thread costs more than to look.
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _watched(self, run: Run, context: JobContext) -> Outcome:
        """Do the work, while its reports are written: when they are refused, the work is stopped."""
        active = Active(run, asyncio.create_task(work(run, context), name=f"run {run.lease}"))
        self.active = {**self.active, run.lease: active}
        if self._stopping:
            active.end(Stop.SHUTDOWN)
        try:
            limit = limited(active, self.settings.worker.grace_seconds * PATIENCE)
            with limit, context.reporter.at_work(functools.partial(_refuse, active)):
                return await active.outcome()
        finally:
            self.active = {lease: other for lease, other in self.active.items() if lease != run.lease}


def _refuse(active: Active, reports: asyncio.Task[None]) -> None:
    """The reports ended before the work did: the ledger did not take them."""
    error = None if reports.cancelled() else reports.exception()
    if error is not None:
        active.end(Stop.LOST if isinstance(error, LeaseLostError) else failure(error))
