from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from api import content, cursors
from api.content import Content
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.routes.jobs import MAX_WAIT_SECONDS
from api.routes.submit import IdempotencyKey
from api.schemas.adventure import (
    Adventure,
    AdventureOutline,
    AdventurePage,
    AdventureRequest,
)
from api.schemas.entry import DecisionRequest, Entry, EntryOutline
from api.schemas.listing import PageQuery
from api.services import Services
from playhead import models
from playhead.asking.requests import Requests, RequestTypes
from playhead.digests import digest_of
from playhead.errors import NotFoundError
from playhead.keys import Identity
from playhead.stories import keeping, reading
from playhead.stories.deciding import Decision, decide

PATH = f"{V1}/adventures"

routes = APIRouter(prefix=PATH, tags=["adventures"])

Wait = Annotated[
    float,
    Query(
        ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for an entry that is being written, before answering."
    ),
]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the entry, from 1.")]
Part = Annotated[reading.Part, Path(description="What is wanted of it.")]


def router(types: RequestTypes) -> APIRouter:
    """The routes that have entries be written, as jobs of these kinds."""
    asking = APIRouter(prefix=PATH, tags=["adventures"])
    asking.post("", status_code=201, summary="Begin an adventure", responses=documented(400, 413))(_begin(types))
    decided = documented(400, 404, 409, 413)
    asking.post("/{adventure_id}/decisions", status_code=201, summary="Decide", responses=decided)(_decide(types))
    asking.post("/{adventure_id}/retry", summary="Try again", responses=documented(404, 409))(_retry(types))
    return asking


def _begin(types: RequestTypes) -> Callable[..., Any]:
    async def begin_adventure(
        body: AdventureRequest,
        response: Response,
        parts: Parts,
        identity: Caller,
        idempotency_key: IdempotencyKey = None,
    ) -> Adventure:
        """Begin a story. Its first entry is written, translated, spoken and annotated by jobs of an own batch."""
        about = body.model_dump()
        digest = digest_of(body.model_dump(exclude_defaults=True)) if idempotency_key else None
        wanted = models.Adventure(
            owner_id=identity.owner_id, idempotency_key=idempotency_key, request_digest=digest, **about
        )
        async with parts.transaction() as session:
            made = await keeping.create(session, Requests(types, parts.settings), wanted)
            await session.refresh(made)
            shown = await _shown(session, identity, made.id)
        response.headers["Location"] = f"{PATH}/{shown.id}"
        return shown

    return begin_adventure


def _decide(types: RequestTypes) -> Callable[..., Any]:
    async def decide_adventure(
        adventure_id: UUID,
        body: DecisionRequest,
        response: Response,
        parts: Parts,
        identity: Caller,
        idempotency_key: IdempotencyKey = None,
    ) -> EntryOutline:
        """Choose what happens next: the next entry is written. The answer is that entry."""
        decision = Decision(body.choice, body.entry, idempotency_key)
        async with parts.transaction() as session:
            view = await reading.find(session, identity.owner_id, adventure_id, to_change=True)
            entry = await decide(session, Requests(types, parts.settings), view, decision)
            await session.refresh(entry)
        response.headers["Location"] = f"{PATH}/{adventure_id}/entries/{entry.number}"
        return EntryOutline.of(entry)

    return decide_adventure


def _retry(types: RequestTypes) -> Callable[..., Any]:
    async def retry_adventure(adventure_id: UUID, parts: Parts, identity: Caller) -> Adventure:
        """Try again to write an entry that could not be: what failed of it alone. Repeated, it does no more."""
        async with parts.transaction() as session:
            view = await reading.find(session, identity.owner_id, adventure_id, to_change=True)
            await keeping.retry(session, Requests(types, parts.settings), view)
            await session.flush()
            return await _shown(session, identity, adventure_id)

    return retry_adventure


@routes.get("", summary="List adventures", responses=documented())
async def list_adventures(parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> AdventurePage:
    """Your adventures, the newest first."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await reading.list_adventures(session, identity.owner_id, limit=query.limit, before=before)
    items = [AdventureOutline.of(view) for view in page.rows]
    return AdventurePage(items=items, next_cursor=cursors.encode(page.next_before))


@routes.get("/{adventure_id}", summary="One adventure", responses=documented(404))
async def get_adventure(adventure_id: UUID, parts: Parts, identity: Caller, wait: Wait = 0) -> Adventure:
    """The adventure and its entries; with `wait`, as soon as none is being written or that time is over."""
    clock = asyncio.get_running_loop().time
    deadline = clock() + wait
    with parts.watchers.of(adventure_id) as watch:
        while True:
            shown = await _look(parts, identity, adventure_id)
            if shown.status in {"active", "error"} or not await watch.changed(deadline - clock()):
                return shown


@routes.delete("/{adventure_id}", status_code=204, summary="Forget an adventure", responses=documented(404))
async def remove_adventure(adventure_id: UUID, parts: Parts, identity: Caller) -> None:
    """Forget it with its entries and their files. What is being written is canceled; jobs stay as long as others."""
    async with parts.transaction() as session:
        await keeping.remove(session, await reading.find(session, identity.owner_id, adventure_id, to_change=True))


@routes.get("/{adventure_id}/entries/{number}", summary="One entry", responses=documented(404))
async def get_entry(adventure_id: UUID, number: Number, parts: Parts, identity: Caller) -> Entry:
    """The text, its sentences with their translations, and where its audio and its grammar are."""
    async with parts.transaction() as session:
        entry = await reading.find_entry(session, identity.owner_id, adventure_id, number)
        files = await reading.files(session, entry)
    return Entry.whole(entry, files, f"{PATH}/{adventure_id}/entries/{number}")


@routes.get(
    "/{adventure_id}/entries/{number}/{part}",
    summary="Listen to an entry, or read its grammar",
    response_class=Response,
    responses=content.RESPONSES,
)
async def get_entry_part(
    adventure_id: UUID, number: Number, part: Part, request: Request, parts: Parts, identity: Caller
) -> Response:
    """The bytes. Honours `Range` and `If-None-Match`."""
    async with parts.transaction() as session:
        entry = await reading.find_entry(session, identity.owner_id, adventure_id, number)
        files = await reading.files(session, entry)
    found = files.get(part)
    if found is None:
        raise NotFoundError(f"entry {number} has no {part}")
    told = Content(found.sha256, found.size_bytes, found.media_type, found.name or part)
    return await content.answer(request, parts.storage, told)


async def _look(parts: Services, identity: Identity, adventure_id: UUID) -> Adventure:
    async with parts.look() as session:
        return await _shown(session, identity, adventure_id)


async def _shown(session: AsyncSession, identity: Identity, adventure_id: UUID) -> Adventure:
    view = await reading.find(session, identity.owner_id, adventure_id)
    entries = [EntryOutline.of(one) for one in await reading.entries(session, adventure_id)]
    return Adventure.of(view, entries=entries)
