from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from api import cursors
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.delivery import DeliveryInfo, DeliveryPage, DeliveryQuery
from playhead.podcasts.telling import deliveries

routes = APIRouter(prefix=f"{V1}/deliveries", tags=["podcasts"])


@routes.get("", summary="List deliveries", responses=documented())
async def list_deliveries(parts: Parts, identity: Caller, query: Annotated[DeliveryQuery, Query()]) -> DeliveryPage:
    """What you were told of new episodes, or are to be told, the newest first."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await deliveries.page(session, identity.owner_id, state=query.state, limit=query.limit, before=before)
    return DeliveryPage(items=[DeliveryInfo.of(row) for row in page.rows], next_cursor=cursors.encode(page.next_before))


@routes.get("/{delivery_id}", summary="One delivery", responses=documented(404))
async def get_delivery(delivery_id: UUID, parts: Parts, identity: Caller) -> DeliveryInfo:
    """How far it is."""
    async with parts.transaction() as session:
        return DeliveryInfo.of(await deliveries.find(session, identity.owner_id, delivery_id))


@routes.post("/{delivery_id}/retry", status_code=202, summary="Retry a delivery", responses=documented(404, 409))
async def retry_delivery(delivery_id: UUID, parts: Parts, identity: Caller) -> DeliveryInfo:
    """Try once more what failed or expired; with the work on its episode, where it was that which failed."""
    async with parts.transaction() as session:
        found = await deliveries.find(session, identity.owner_id, delivery_id, to_change=True)
        await deliveries.retry(session, found, parts.settings.podcasts)
        await session.flush()
        await session.refresh(found)
    return DeliveryInfo.of(found)
