"""The corpus of odd feeds, all of them polled side by side: none breaks the poll of another, none loses an episode."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.podcasts.conftest import standing
from tests.podcasts.oddities import changes, documents, servers, texts

if TYPE_CHECKING:
    from playhead.models import Episode, Feed
    from tests.databases import Databases
    from tests.podcasts.conftest import Desk
    from tests.podcasts.oddities.case import Case

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(600)]
"""Each poll has a process of its own, hundreds in all; the time of them all counts for the first of these tests."""

CASES: Sequence[Case] = [*texts.CASES, *documents.CASES, *changes.CASES, *servers.CASES]
TURNS = max(len(case.steps) for case in CASES)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk(databases: Databases) -> AsyncIterator[Desk]:
    """All of them, after all of their polls."""
    async with databases.one() as url, standing(url) as desk:
        for case in CASES:
            await desk.subscribe(case.path)
        for turn in range(TURNS):
            changed = [case for case in CASES if turn < len(case.steps)]
            for case in changed:
                case.serve(desk.server, turn)
            await desk.poll(*(case.path for case in changed))
        yield desk


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def feeds(desk: Desk) -> Mapping[str, Feed]:
    return {feed.url: feed for feed in await desk.feeds()}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def episodes(desk: Desk) -> Sequence[Episode]:
    return await desk.episodes()


def test_there_are_enough_of_them() -> None:
    assert len({case.path for case in CASES}) == len(CASES) > 50


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_odd_feed(case: Case, desk: Desk, feeds: Mapping[str, Feed], episodes: Sequence[Episode]) -> None:
    feed = feeds[desk.server.url(case.moved or case.path)]
    its = [episode for episode in reversed(episodes) if episode.feed_id == feed.id]
    assert [episode.title for episode in its] == list(case.titles)
    assert {name: getattr(its[0], name) for name in case.first} == dict(case.first)
    named = {episode.title: episode for episode in its}
    for title, told in case.each.items():
        assert {name: getattr(named[title], name) for name in told} == told, title
    assert (feed.error or {}).get("code") == case.code, feed.error
    assert feed.polled_at is not None
