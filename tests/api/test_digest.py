"""Digests and deliveries over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import feedparser
import httpx
import pytest
from sqlalchemy import func

from playhead.identity import new_id
from playhead.models import ADMIN_OWNER, Delivery, Episode, Feed, Subscription
from tests.api.conftest import Stand
from tests.podcasts.newsroom import SUMMARY

PATH = "/api/v1/digest"
DELIVERIES = "/api/v1/deliveries"


async def news(stand: Stand, **about: Any) -> Delivery:
    """Have something for the next digest."""
    feed = Feed(id=new_id(), url=f"https://example.com/{new_id()}.xml", title="The Weather")
    subscription = Subscription(id=new_id(), owner_id=ADMIN_OWNER, feed_id=feed.id, notify={"digest": True})
    episode = Episode(id=new_id(), feed_id=feed.id, title="Rain", state="ready", summary=SUMMARY)
    delivery = Delivery(owner_id=ADMIN_OWNER, subscription_id=subscription.id, episode_id=episode.id)
    delivery.expires_at = func.now() + timedelta(days=7)
    for name, value in about.items():
        setattr(delivery, name, value)
    async with stand.services.transaction() as session:
        for row in (feed, subscription, episode, delivery):
            session.add(row)
            await session.flush()
    return delivery


async def test_it_comes_at_two_at_night_by_its_feed_unless_one_says_otherwise(client: httpx.AsyncClient) -> None:
    told = (await client.get(PATH)).json()
    assert (told["cron"], told["timezone"], told["notify"]) == ("0 2 * * *", "UTC", {"feed": True})
    assert told["next_at"].endswith("T02:00:00Z")
    changes = {"cron": "0 7 * * MON-FRI", "timezone": "Europe/Berlin", "notify": {"mail": "ann@example.com"}}
    changed = (await client.patch(PATH, json=changes)).json()
    assert {name: changed[name] for name in changes} == changes
    assert changed["feed_url"] == told["feed_url"]


async def test_a_paused_one_has_no_next(client: httpx.AsyncClient) -> None:
    assert (await client.patch(PATH, json={"paused": True})).json()["next_at"] is None
    assert (await client.patch(PATH, json={"cron": "0 7 * * *"})).json()["next_at"] is None
    assert (await client.patch(PATH, json={"paused": False})).json()["next_at"].endswith("T07:00:00Z")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"cron": "every day"}, "invalid", "cron"),
        ({"timezone": "Middle/Earth"}, "invalid", "timezone"),
        ({"notify": {}}, "invalid", "notify"),
        ({"notify": {"mail": "nobody"}}, "invalid", "notify.mail"),
        ({"notify": {"webhook": "http://127.0.0.1/"}}, "url_forbidden", "notify.webhook"),
    ],
)
async def test_what_cannot_be_is_refused(
    changes: dict[str, Any], code: str, field: str, client: httpx.AsyncClient
) -> None:
    before = (await client.get(PATH)).json()
    refused = (await client.patch(PATH, json=changes)).json()
    assert (refused["status"], refused["code"], refused["field"]) == (422, code, field)
    assert (await client.get(PATH)).json() == before


async def test_a_preview_tells_what_the_next_would(client: httpx.AsyncClient, stand: Stand) -> None:
    assert (await client.get(f"{PATH}/preview")).json()["episodes"] == []
    await news(stand)
    told = (await client.get(f"{PATH}/preview")).json()
    assert [one["episode"]["title"] for one in told["episodes"]] == ["Rain"]
    assert "### Rain" in told["markdown"]
    assert (await client.get(f"{PATH}/issues")).json() == {"items": [], "next_cursor": None}


async def test_its_feed_needs_no_key_and_moves_when_told_to(client: httpx.AsyncClient) -> None:
    address = (await client.get(PATH)).json()["feed_url"]
    read = await client.get(address, headers={"Authorization": ""})
    assert (read.status_code, read.headers["content-type"]) == (200, "application/rss+xml")
    assert feedparser.parse(read.content).feed.title == "Podcast digest"
    moved = (await client.post(f"{PATH}/feed/renew")).json()["feed_url"]
    assert (await client.get(address)).status_code == 404
    assert (await client.get(moved)).status_code == 200


async def test_deliveries_are_listed_by_state(client: httpx.AsyncClient, stand: Stand) -> None:
    waiting, failed = await news(stand), await news(stand, state="failed", error={"code": "x", "message": "why"})
    newest, oldest = (await client.get(DELIVERIES)).json()["items"]
    assert (newest["id"], newest["error"]) == (str(failed.id), {"code": "x", "message": "why"})
    assert oldest["id"] == str(waiting.id)
    [only] = (await client.get(DELIVERIES, params={"state": "pending"})).json()["items"]
    assert only["id"] == str(waiting.id)


async def test_a_failed_one_is_tried_again_and_a_pending_one_is_not(client: httpx.AsyncClient, stand: Stand) -> None:
    delivery = await news(stand, state="failed", error={"code": "x", "message": "why"})
    told = await client.post(f"{DELIVERIES}/{delivery.id}/retry")
    assert (told.status_code, told.json()["state"], told.json()["error"]) == (202, "pending", None)
    again = await client.post(f"{DELIVERIES}/{delivery.id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "state_conflict")


async def test_those_of_others_are_not_there(client: httpx.AsyncClient, stand: Stand) -> None:
    delivery = await news(stand)
    other = {"Authorization": f"Bearer {await stand.key('other')}"}
    assert (await client.get(f"{DELIVERIES}/{delivery.id}", headers=other)).status_code == 404
    assert (await client.get(DELIVERIES, headers=other)).json()["items"] == []
    assert (await client.get(f"{PATH}/issues/{UUID(int=0)}")).status_code == 404
