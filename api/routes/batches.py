from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter

from api import cursors
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.routes.jobs import Wait
from api.routes.submit import Cache, IdempotencyKey
from api.schemas.batch import Batch, BatchPage
from api.schemas.listing import PageQuery
from api.services import Services
from api.tracing import trace_id
from playhead.asking.batch import BatchRequest, batch_request_type
from playhead.asking.batching import Batching
from playhead.asking.graph import graph_job_type
from playhead.keys import Identity
from playhead.kind import Kind
from playhead.ledger.batches import operate, read
from playhead.ledger.batches.create import create, find_known
from playhead.ledger.fitting import require_fitting
from playhead.recipes import cookable
from playhead.states import TERMINAL

PATH = f"{V1}/batches"
MAX_BODY_BYTES = 16 * 1024 * 1024
PATIENCE_SECONDS = 60.0
"""Ten thousand rows with their tickets take a few seconds, more on a busy database."""
PAUSE_SECONDS = 0.2
"""Between two looks at a batch that is waited for: thousands of its jobs may end in that time."""


_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The batch, just made or, for a repeated `Idempotency-Key`, as it now stands.",
        "headers": {"Location": {"description": "Path of the batch.", "schema": {"type": "string"}}},
        "links": {
            name: {"operationId": name, "parameters": {"batch_id": "$response.body#/id"}}
            for name in ("get_batch", "cancel_batch", "retry_batch", "remove_batch")
        },
    },
    **documented(400, 413),
}

routes = APIRouter(prefix=PATH, tags=["batches"])


def router(kinds: dict[str, Kind[Any, Any]]) -> APIRouter:
    """The route that takes batches of jobs of these kinds."""
    taking = APIRouter(prefix=PATH, tags=["batches"])
    taking.post("", status_code=202, summary="Submit a batch or a graph", responses=_DOCUMENTED)(_endpoint(kinds))
    return taking


def _endpoint(kinds: dict[str, Kind[Any, Any]]) -> Callable[..., Any]:
    job_type: Any = graph_job_type(kinds.values())
    batching = Batching(kinds, TypeAdapter(dict[str, job_type]))

    async def submit_batch(
        body: BatchRequest,
        request: Request,
        response: Response,
        parts: Parts,
        identity: Caller,
        idempotency_key: IdempotencyKey = None,
        cache: Cache = True,  # noqa: FBT002 - FastAPI calls it by its name
    ) -> Batch:
        """Accept many jobs in one transaction: all of them are durable when this answers, or none is stored."""
        trace = trace_id(request.scope)
        # Ten thousand jobs take a second to be put together: not on the event loop.
        wanted = await asyncio.to_thread(
            batching.wanted,
            body,
            identity.owner_id,
            parts.settings,
            trace=trace,
            key=idempotency_key,
            cache=cache,
        )
        async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
            batch_id = await find_known(session, wanted)
            if batch_id is None:  # What was accepted once is that batch, also if another version would not take it.
                await require_fitting(session, kinds, wanted.children, wanted.names)
                batch_id = await create(session, wanted, now=True)
            view = await read.find_batch(session, identity.owner_id, batch_id)
        response.headers["Location"] = f"{PATH}/{batch_id}"
        return Batch.of(view)

    # The body's type is known only once the kinds are: FastAPI reads it from here.
    submit_batch.__annotations__["body"] = batch_request_type(kinds.values(), job_type, cookable())
    return submit_batch


@routes.get("", summary="List batches", responses=documented())
async def list_batches(parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> BatchPage:
    """Your batches, the newest first."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await read.list_batches(session, identity.owner_id, limit=query.limit, before=before)
    return BatchPage(items=[Batch.of(view) for view in page.views], next_cursor=cursors.encode(page.next_before))


@routes.get("/{batch_id}", summary="One batch, now or once it has ended", responses=documented(404))
async def get_batch(batch_id: UUID, parts: Parts, identity: Caller, wait: Wait = 0) -> Batch:
    """The batch as it stands; with `wait`, as soon as all its jobs have ended or that time is over."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + wait
    with parts.watchers.of(batch_id) as watch:
        while True:
            batch = await _find(parts, identity, batch_id)
            if batch.state in TERMINAL or not await watch.changed(deadline - clock()):
                return batch
            await asyncio.sleep(min(PAUSE_SECONDS, max(0.0, deadline - clock())))


@routes.post("/{batch_id}/cancel", summary="Cancel a batch", responses=documented(404, 409))
async def cancel_batch(batch_id: UUID, parts: Parts, identity: Caller) -> Batch:
    """End every job of it that has not ended. What waits for one of them is canceled too."""
    async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
        await operate.cancel(session, identity.owner_id, batch_id)
        return Batch.of(await read.find_batch(session, identity.owner_id, batch_id))


@routes.post("/{batch_id}/retry", summary="Retry a batch", responses=documented(404, 409))
async def retry_batch(batch_id: UUID, parts: Parts, identity: Caller) -> Batch:
    """Give every job of it that failed, expired or was canceled all its attempts anew; not those that were skipped."""
    async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
        await operate.retry(session, identity.owner_id, batch_id)
        return Batch.of(await read.find_batch(session, identity.owner_id, batch_id))


@routes.delete("/{batch_id}", status_code=204, summary="Forget a batch", responses=documented(404, 409))
async def remove_batch(batch_id: UUID, parts: Parts, identity: Caller) -> None:
    """Forget a batch that has ended, with its jobs, their outputs and their history."""
    async with parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
        await operate.remove(session, identity.owner_id, batch_id)


async def _find(parts: Services, identity: Identity, batch_id: UUID) -> Batch:
    async with parts.look() as session:
        return Batch.of(await read.find_batch(session, identity.owner_id, batch_id))
