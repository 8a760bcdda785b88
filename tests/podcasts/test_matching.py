from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from playhead.models import Delivery, Episode
from playhead.podcasts.matching import MOST_AT_ONCE
from tests.podcasts.feeds import dated, item, rss
from tests.podcasts.server import answer

if TYPE_CHECKING:
    from tests.podcasts.conftest import Desk


def show(letters: str) -> bytes:
    """Episodes of one day each, the newest first."""
    return rss(*(item(letter, date=dated(ord(letter) - ord("a") + 1)) for letter in letters))


async def test_a_new_subscriber_is_told_of_the_newest_alone(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", show("edcba")))
    assert await desk.deliveries() == ["e"]
    assert await desk.states() == {"e": "wanted", **dict.fromkeys("abcd", "known")}


async def test_what_comes_later_is_told_all_of_it_the_oldest_first(desk: Desk) -> None:
    await desk.subscribe()
    for letters in ("a", "a", "dcba"):
        await desk.polled(answer("200 OK", show(letters)))
    assert await desk.deliveries() == ["a", "b", "c", "d"]


async def test_newest_is_of_those_that_are_found_at_once(desk: Desk) -> None:
    await desk.subscribe(newest=2)
    for letters in ("cba", "ihgfedcba"):
        await desk.polled(answer("200 OK", show(letters)))
    assert await desk.deliveries() == ["b", "c", "h", "i"]


async def test_a_feed_that_numbers_all_anew_sets_off_no_more_than_a_few(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", rss(item("first"))))
    await desk.polled(answer("200 OK", rss(*(item(f"new {number}") for number in range(MOST_AT_ONCE * 2)))))
    assert len(await desk.deliveries()) == 1 + MOST_AT_ONCE


async def test_each_subscriber_has_wishes_of_their_own_and_the_work_is_one(desk: Desk) -> None:
    second, third = await desk.owner("second"), await desk.owner("third")
    await desk.subscribe(newest=2)
    await desk.subscribe(owner_id=second, keywords=["a"])
    await desk.subscribe(owner_id=third, keywords=["nothing"])
    await desk.polled(answer("200 OK", show("cba")))
    assert await desk.deliveries() == ["b", "c"]
    assert await desk.deliveries(second) == ["a"]
    assert await desk.deliveries(third) == []
    assert await desk.states() == dict.fromkeys("abc", "wanted")


@pytest.mark.parametrize(
    ("keyword", "title", "is_told"),
    [
        ("tide", "The TIDE turns", True),
        ("tide", "Tidewater", False),
        ("tide", "Low-tide", True),
        ("high  tide", "A high\ttide", True),
        ("Straße", "STRASSE nach Süden", True),
        ("C++", "C++ and friends", True),
        ("C++", "C", False),
        (".", "Anything", False),
        ("潮", "満潮の話", True),
        ("ﬁsh", "Fish", True),
        ("é", "cafe\u0301 e\u0301", True),
        ("(", "A (bracket", True),
    ],
)
async def test_a_keyword_is_a_word(keyword: str, title: str, is_told: bool, desk: Desk) -> None:  # noqa: FBT001
    await desk.subscribe(keywords=[keyword, "no such word"])
    await desk.polled(answer("200 OK", rss(item("x", title=title))))
    assert len(await desk.deliveries()) == is_told


async def test_keywords_are_looked_for_in_descriptions_as_well(desk: Desk) -> None:
    await desk.subscribe(keywords=["tide"])
    about = "<description>&lt;p&gt;Of the &lt;b&gt;tide&lt;/b&gt;&lt;/p&gt;</description>"
    await desk.polled(answer("200 OK", rss(item("b"), item("a", more=about))))
    assert await desk.deliveries() == ["a"]


async def test_nobody_is_told_twice_though_they_subscribe_again(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", show("a")))
    async with desk.database.transaction() as session:
        await session.execute(update(Episode).values(state="ready"))
        await session.execute(update(Delivery).values(state="delivered", subscription_id=None))
    await desk.poll()
    assert await desk.deliveries() == ["a"]
    assert await desk.states() == {"a": "ready"}


async def test_a_delivery_expires(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", show("a")))
    async with desk.database.transaction() as session:
        [told] = await session.scalars(select(Delivery))
    assert told.expires_at - told.created_at == timedelta(days=7)


async def test_what_changes_before_the_work_begins_is_worked_on_as_it_is_then(desk: Desk) -> None:
    await desk.subscribe()
    await desk.polled(answer("200 OK", rss(item("a", audio="https://x.example.com/1.mp3"))))
    await desk.polled(answer("200 OK", rss(item("a", title="A", audio="https://x.example.com/2.mp3"))))
    [episode] = await desk.episodes()
    assert (episode.title, episode.enclosure_url) == ("A", "https://x.example.com/2.mp3")
    async with desk.database.transaction() as session:
        await session.execute(update(Episode).values(state="making"))
    await desk.polled(answer("200 OK", rss(item("a", title="AA", audio="https://x.example.com/3.mp3"))))
    [episode] = await desk.episodes()
    assert (episode.title, episode.enclosure_url) == ("AA", "https://x.example.com/2.mp3")
