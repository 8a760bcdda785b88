"""What was read of a feed, as rows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.models import Episode, Feed
from playhead.podcasts.polling.entries import ABOUT, Entry, FeedDocument
from playhead.podcasts.polling.identities import identified
from playhead.podcasts.polling.recognising import Recognised, recognise, remember

# What is being worked on stays as it was when that began; a date that a feed no longer tells stays known. Only rows
# that change are written: of most feeds, at most polls, that is none.
_CHANGE = text(
    """
    UPDATE episodes SET title = found.title, link = found.link, description = found.description,
        published_at = coalesce(found.published_at, episodes.published_at), duration_seconds = found.duration_seconds,
        enclosure_url = CASE WHEN free THEN found.enclosure_url ELSE episodes.enclosure_url END,
        media_type = CASE WHEN free THEN found.media_type ELSE episodes.media_type END,
        transcripts = CASE WHEN free THEN found.transcripts ELSE episodes.transcripts END
    FROM jsonb_to_recordset(CAST(:found AS jsonb)) AS found(id uuid, title text, link text, description text,
        published_at timestamptz, duration_seconds double precision, enclosure_url text, media_type text,
        transcripts jsonb)
    JOIN (SELECT id AS same, state IN ('known', 'wanted') AS free FROM episodes) AS at ON same = found.id
    WHERE episodes.id = found.id
      AND ((episodes.title, episodes.link, episodes.description, episodes.duration_seconds)
           IS DISTINCT FROM (found.title, found.link, found.description, found.duration_seconds)
        OR coalesce(found.published_at, episodes.published_at) IS DISTINCT FROM episodes.published_at
        OR free AND (episodes.enclosure_url, episodes.media_type, episodes.transcripts)
           IS DISTINCT FROM (found.enclosure_url, found.media_type, found.transcripts))
    """
)


async def store(session: AsyncSession, feed: Feed, document: FeedDocument) -> list[UUID]:
    """Keep what the document tells of the feed and its episodes. Gives those that nobody knew of, the newest first.

    The feed is locked, so that nobody else does it at the same time.
    """
    for name in ABOUT:
        setattr(feed, name, getattr(document, name))
    # Of twenty thousand that takes a good part of a second.
    found = await asyncio.to_thread(identified, document.entries)
    recognised = await recognise(session, feed.id, found)
    new = [one for one in recognised if one.is_new]
    await _add(session, feed.id, new)
    await _change(session, [one for one in recognised if not one.is_new])
    await remember(session, feed.id, found, recognised)
    return [one.episode_id for one in new]


async def _add(session: AsyncSession, feed_id: UUID, new: Sequence[Recognised]) -> None:
    if new:
        rows = [{"id": one.episode_id, "feed_id": feed_id, **_told(one.entry)} for one in new]
        await session.execute(insert(Episode), rows)


async def _change(session: AsyncSession, known: Iterable[Recognised]) -> None:
    rows = [{"id": one.episode_id, **_told(one.entry)} for one in known]
    if rows:
        found = await asyncio.to_thread(lambda: json.dumps(to_jsonable_python(rows)))
        await session.execute(_CHANGE, {"found": found})


def _told(entry: Entry) -> dict[str, Any]:
    told = {name: value for name, value in vars(entry).items() if name not in {"guid", "transcripts"}}
    return {**told, "transcripts": [one.told() for one in entry.transcripts]}
