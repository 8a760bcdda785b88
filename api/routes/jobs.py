from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api import cursors
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.job import Job, JobPage
from api.schemas.listing import JobQuery
from api.schemas.skipping import SkipRequest
from api.services import Services
from playhead.keys import Identity
from playhead.ledger import operate, read
from playhead.states import TERMINAL

MAX_WAIT_SECONDS = 60

Wait = Annotated[
    float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for the job to end before answering.")
]

routes = APIRouter(prefix=f"{V1}/jobs", tags=["jobs"])


@routes.get("", summary="List jobs", responses=documented())
async def list_jobs(parts: Parts, identity: Caller, query: Annotated[JobQuery, Query()]) -> JobPage:
    """Your jobs, the newest first. `result` and `position` are null here: ask for the job itself."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await read.list_jobs(session, identity.owner_id, query.filters(), limit=query.limit, before=before)
    items = [Job.of(view, with_result=False) for view in page.views]
    return JobPage(items=items, next_cursor=cursors.encode(page.next_before))


@routes.get("/{job_id}", summary="One job, now or once it has ended", responses=documented(404))
async def get_job(job_id: UUID, parts: Parts, identity: Caller, wait: Wait = 0) -> Job:
    """The job as it stands; with `wait`, as soon as it has ended or that time is over, whichever is first."""
    if wait:
        await _ended(parts, identity, job_id, wait)
    async with parts.transaction() as session:
        return Job.of(await read.find_job(session, identity.owner_id, job_id))


@routes.post("/{job_id}/cancel", summary="Cancel a job", responses=documented(404, 409))
async def cancel_job(job_id: UUID, parts: Parts, identity: Caller) -> Job:
    """End the job at once, running or not. What waits for it is canceled too."""
    async with parts.transaction() as session:
        await operate.cancel(session, identity.owner_id, job_id)
        return Job.of(await read.find_job(session, identity.owner_id, job_id))


@routes.post("/{job_id}/retry", summary="Retry a job", responses=documented(404, 409))
async def retry_job(job_id: UUID, parts: Parts, identity: Caller) -> Job:
    """Give a job that ended without success all its attempts anew. It goes on from its last checkpoint."""
    async with parts.transaction() as session:
        await operate.retry(session, identity.owner_id, job_id)
        return Job.of(await read.find_job(session, identity.owner_id, job_id))


@routes.post("/{job_id}/skip", summary="Skip a job", responses=documented(400, 404, 409, 413))
async def skip_job(job_id: UUID, parts: Parts, identity: Caller, body: SkipRequest | None = None) -> Job:
    """Leave out a job that has not begun. What waits for it is canceled."""
    async with parts.transaction() as session:
        await operate.skip(session, identity.owner_id, job_id, body.reason if body else None)
        return Job.of(await read.find_job(session, identity.owner_id, job_id))


@routes.delete("/{job_id}", status_code=204, summary="Forget a job", responses=documented(404, 409))
async def remove_job(job_id: UUID, parts: Parts, identity: Caller) -> None:
    """Forget a job that has ended and is in no batch, with its outputs and its history."""
    async with parts.transaction() as session:
        await operate.remove(session, identity.owner_id, job_id)


async def _ended(parts: Services, identity: Identity, job_id: UUID, seconds: float) -> None:
    """Return once the job has ended, the time is over or the process stops. Holds no connection meanwhile."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    with parts.watchers.of(job_id, ends_only=True) as watch:
        while True:
            async with parts.look() as session:
                state = await read.find_state(session, identity.owner_id, job_id)
            if state in TERMINAL or not await watch.changed(deadline - clock()):
                return
