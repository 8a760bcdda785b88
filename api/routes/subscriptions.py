from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api import cursors
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.channels import permitted
from api.schemas.delivery import DeliveryInfo
from api.schemas.listing import PageQuery
from api.schemas.podcast import (
    SubscriptionChange,
    SubscriptionInfo,
    SubscriptionPage,
    SubscriptionRequest,
)
from playhead.models import Feed, Subscription
from playhead.podcasts import keeping, listing
from playhead.podcasts.telling import trying
from playhead.podcasts.urls import feed_url

PATH = f"{V1}/subscriptions"

routes = APIRouter(prefix=PATH, tags=["podcasts"])

_MADE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The subscription, which was there already."},
    201: {
        "description": "The subscription.",
        "headers": {"Location": {"description": "Path of the subscription.", "schema": {"type": "string"}}},
        "links": {
            name: {"operationId": name, "parameters": {"subscription_id": "$response.body#/id"}}
            for name in ("get_subscription", "validate_subscription", "remove_subscription")
        },
    },
    **documented(400, 409, 413),
}


@routes.post("", status_code=201, summary="Subscribe to a feed", responses=_MADE)
async def subscribe(body: SubscriptionRequest, response: Response, parts: Parts, identity: Caller) -> SubscriptionInfo:
    """Be told of a feed's new episodes.

    An address that nobody subscribes to yet is asked at once, for up to ten seconds: what is no feed is refused. One
    that is slower is kept, and asked again in the background. The same request again answers the same subscription.
    """
    url, notify = feed_url(body.url, parts.settings.fetch), permitted(body.notify, parts.settings)
    async with parts.transaction() as session:
        is_known = await listing.is_known(session, url)
    feed = Feed(url=url) if is_known else await parts.feeds.look(url)
    wanted = Subscription(owner_id=identity.owner_id, keywords=body.keywords, newest=body.newest, notify=notify)
    async with parts.transaction() as session:
        kept = await keeping.subscribe(session, wanted, feed)
    response.status_code = 201 if kept.is_new else 200
    response.headers["Location"] = f"{PATH}/{kept.subscription.id}"
    return SubscriptionInfo.of(kept)


@routes.get("", summary="List subscriptions", responses=documented())
async def list_subscriptions(parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> SubscriptionPage:
    """Your subscriptions, the newest first."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await listing.list_subscriptions(session, identity.owner_id, limit=query.limit, before=before)
    items = [SubscriptionInfo.of(row) for row in page.rows]
    return SubscriptionPage(items=items, next_cursor=cursors.encode(page.next_before))


@routes.get("/{subscription_id}", summary="One subscription", responses=documented(404))
async def get_subscription(subscription_id: UUID, parts: Parts, identity: Caller) -> SubscriptionInfo:
    """The subscription, and its feed."""
    async with parts.transaction() as session:
        return SubscriptionInfo.of(await keeping.find(session, identity.owner_id, subscription_id))


@routes.patch("/{subscription_id}", summary="Change a subscription", responses=documented(400, 404, 413))
async def change_subscription(
    subscription_id: UUID, body: SubscriptionChange, parts: Parts, identity: Caller
) -> SubscriptionInfo:
    """Change what is given, for episodes yet to come. For another feed, subscribe to that."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    if "notify" in changes:
        changes["notify"] = permitted(body.notify, parts.settings)
    async with parts.transaction() as session:
        kept = await keeping.find(session, identity.owner_id, subscription_id, to_change=True)
        keeping.change(kept.subscription, changes)
    return SubscriptionInfo.of(kept)


@routes.delete("/{subscription_id}", status_code=204, summary="End a subscription", responses=documented(404))
async def remove_subscription(subscription_id: UUID, parts: Parts, identity: Caller) -> None:
    """Be told no more: also not of what is yet to be sent. What was sent stays in your history."""
    async with parts.transaction() as session:
        kept = await keeping.find(session, identity.owner_id, subscription_id, to_change=True)
        await keeping.unsubscribe(session, kept)


@routes.post(
    "/{subscription_id}/validate", status_code=202, summary="Try a subscription", responses=documented(404, 409)
)
async def validate_subscription(subscription_id: UUID, parts: Parts, identity: Caller) -> DeliveryInfo:
    """Be told of the feed's newest episode, ahead of all else. While a try is under way, that is the answer again."""
    async with parts.transaction() as session:
        kept = await keeping.find(session, identity.owner_id, subscription_id, to_change=True)
        expires_seconds = parts.settings.podcasts.expires_seconds
        return DeliveryInfo.of(await trying.validate(session, kept.subscription, expires_seconds))
