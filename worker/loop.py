"""The loop that hands tickets over: Procrastinate's, at a third of what it costs."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import structlog
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job, Status
from procrastinate.utils import wait_any
from procrastinate.worker import Worker

log = structlog.get_logger(__name__)


class Loop(Worker):
    """Procrastinate's own in what a ticket costs: four tasks of asyncio and four lines of log, which nobody would read.

    What it says of each ticket, our own lines say of its job.
    """

    def _log_extra(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}

    async def _fetch_and_process_jobs(self) -> None:
        while await self._free_place():
            job = None
            try:
                job = await self.app.job_manager.fetch_job(queues=self.queues, worker_id=cast("int", self.worker_id))
            finally:
                if job is None:
                    self._job_semaphore.release()
                self._new_job_event.clear()
            if job is None:
                return
            self._begin(job)

    async def _free_place(self) -> bool:
        """Wait for one and take it; False where the loop is to stop."""
        if self._job_semaphore.locked():
            place = asyncio.create_task(self._job_semaphore.acquire())
            await wait_any(place, self._stop_event.wait())
            if place.cancelled():
                return False
        else:
            await self._job_semaphore.acquire()
        if self._stop_event.is_set():
            self._job_semaphore.release()
        return not self._stop_event.is_set()

    def _begin(self, job: Job) -> None:
        context = JobContext(
            app=self.app,
            worker_name=self.worker_name,
            worker_queues=self.queues,
            job=job,
            start_timestamp=time.time(),
            abort_reason=lambda: self._job_ids_to_abort.get(cast("int", job.id)),
        )
        processing = asyncio.create_task(self._process_job(context), name=f"ticket {job.id}")
        self._running_jobs[processing] = context
        processing.add_done_callback(self._end)

    def _end(self, processing: asyncio.Task[None]) -> None:
        del self._running_jobs[processing]
        self._job_semaphore.release()

    async def _process_job(self, context: JobContext) -> None:
        job, status = context.job, Status.FAILED
        try:
            task = self.find_task(job.task_name)
            await task(*([context] if task.pass_context else []), **job.task_kwargs)
            status = Status.SUCCEEDED
        except (asyncio.CancelledError, JobAborted):
            status = Status.ABORTED
        except Exception:
            log.exception("ticket_broke", ticket=job.id, task=job.task_name)
        finally:
            self._job_ids_to_abort.pop(cast("int", job.id), None)
            await self.app.job_manager.finish_job(job, status, delete_job=True)  # It waits for nothing.
