# ruff: noqa: RUF001 - scripts of others
"""Entries of adventures are the workers' to write, and to write down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from playhead.asking.requests import Requests, RequestTypes
from playhead.models import ADMIN_OWNER, Adventure, AdventureEntry
from playhead.registry import kinds
from playhead.stories import keeping, reading
from playhead.stories.deciding import Decision, decide
from playhead.story import Story

if TYPE_CHECKING:
    from uuid import UUID

    from tests.worker.conftest import House

THEME = "Anna finds an old map. Her aunt is gone. What now?"


async def begun(house: House, requests: Requests, language: str = "en", theme: str = THEME) -> UUID:
    about = {"language": language, "level": "A1", "native_language": "fr", "theme": theme, "annotated": True}
    wanted = Adventure(owner_id=ADMIN_OWNER, **about)
    async with house.database.transaction() as session:
        return (await keeping.create(session, requests, wanted)).id


async def latest(house: House, number: int) -> AdventureEntry:
    """The entry of this number, once it is written down."""

    async def find() -> AdventureEntry | None:
        async with house.database.transaction() as session:
            return await session.scalar(select(AdventureEntry).filter_by(number=number))

    entry = await house.once(find, lambda found: found and found.status != "pending")
    assert entry
    return entry


async def test_an_adventure_goes_on_while_workers_come_and_go(house: House) -> None:
    requests = Requests(RequestTypes.of(kinds()), house.settings)
    adventure_id = await begun(house, requests)
    for number in (1, 2, 3):
        async with house.worker(), house.worker():
            entry = await latest(house, number)
        assert (entry.status, entry.error) == ("complete", None)
        story = Story.model_validate(entry.story)
        assert len(set(story.choices)) == 3
        assert len(entry.translation or []) == len(story.sentences)
        assert entry.audio_id
        assert entry.annotation_id
        async with house.database.transaction() as session:
            view = await reading.find(session, ADMIN_OWNER, adventure_id, to_change=True)
            await decide(session, requests, view, Decision(number))


@pytest.mark.parametrize(
    ("language", "theme", "first"),
    [
        ("ja", "灯台守は「これは何？」と言った。海は青い。彼は海へ行く。", "灯台守は「これは何？」と言った。"),
        ("ar", "وجد خريطة! ماذا سيفعل؟ قال: «سأذهب.»", "وجد خريطة!"),
        ("ko", "그는 지도를 찾았다. 어디로 갈까? 바다로 갔다.", "그는 지도를 찾았다."),
    ],
)
async def test_in_scripts_of_others_each_sentence_is_translated_too(
    house: House, language: str, theme: str, first: str
) -> None:
    await begun(house, Requests(RequestTypes.of(kinds()), house.settings), language, theme)
    async with house.worker():
        entry = await latest(house, 1)
    assert (entry.status, entry.error) == ("complete", None)
    story = Story.model_validate(entry.story)
    assert story.sentences[0].endswith(first)
    # Those of the theme, over and over again: an entry has a least length.
    assert len(story.sentences) == len(entry.translation or []) >= 3
    assert all(entry.translation or [])
    assert entry.audio_id
    assert entry.annotation_id is None, "of none of them the grammar is known to the engines of these tests"
