"""Feeds are the workers' to ask."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from sqlalchemy import select

from playhead.models import ADMIN_OWNER, Episode, Feed, Subscription
from playhead.podcasts.keeping import subscribe
from tests.podcasts.feeds import item, rss
from tests.podcasts.server import ADDRESS, answer, serving
from tests.worker.test_housekeeping import housekeeping

if TYPE_CHECKING:
    from tests.worker.conftest import House


async def test_a_turn_of_the_housekeeping_asks_the_feeds_that_are_due(house: House) -> None:
    house.settings.fetch.allowed_networks = [IPv4Network(f"{ADDRESS}/32")]
    wanted = Subscription(owner_id=ADMIN_OWNER, keywords=[], newest=None, notify={"digest": True})
    async with serving() as server:
        server.answers["/feed.xml"] = answer("200 OK", rss(item("a")))
        async with house.database.transaction() as session:
            await subscribe(session, wanted, Feed(url=server.url("/feed.xml")))
        await housekeeping(house).turns["feeds"]()
    async with house.database.transaction() as session:
        [episode] = await session.scalars(select(Episode))
    assert (episode.title, episode.state) == ("a", "wanted")
