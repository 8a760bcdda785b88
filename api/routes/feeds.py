from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from api import content, cursors
from api.content import Content
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.listing import PageQuery
from api.schemas.podcast import EpisodeInfo, EpisodePage, FeedInfo, FeedPage
from playhead.errors import NotFoundError
from playhead.ledger.files import find_file
from playhead.models import PODCASTS_OWNER
from playhead.podcasts import listing
from playhead.podcasts.polling.times import soon

PATH = f"{V1}/feeds"
EPISODES = f"{V1}/episodes"

routes = APIRouter(tags=["podcasts"])


@routes.get(PATH, summary="List feeds", responses=documented())
async def list_feeds(parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> FeedPage:
    """The feeds that you subscribe to, the newest first."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await listing.list_feeds(session, identity.owner_id, limit=query.limit, before=before)
    return FeedPage(items=[FeedInfo.of(row) for row in page.rows], next_cursor=cursors.encode(page.next_before))


@routes.get(f"{PATH}/{{feed_id}}", summary="One feed", responses=documented(404))
async def get_feed(feed_id: UUID, parts: Parts, identity: Caller) -> FeedInfo:
    """The feed as it was when it was last read, when it is asked next, and what went wrong."""
    async with parts.transaction() as session:
        return FeedInfo.of(await listing.find_feed(session, identity.owner_id, feed_id))


@routes.post(f"{PATH}/{{feed_id}}/poll", status_code=202, summary="Ask a feed now", responses=documented(404))
async def poll_feed(feed_id: UUID, parts: Parts, identity: Caller) -> FeedInfo:
    """Let a worker ask it now: at most once a minute, and not again while it is being asked; `next_poll_at` tells."""
    async with parts.transaction() as session:
        found = await listing.find_feed(session, identity.owner_id, feed_id, to_change=True)
        found.next_poll_at = soon()
        await session.flush()
        await session.refresh(found)
    return FeedInfo.of(found)


@routes.get(f"{PATH}/{{feed_id}}/episodes", summary="A feed's episodes", responses=documented(404))
async def list_episodes(
    feed_id: UUID, parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]
) -> EpisodePage:
    """Its episodes, those first that were published last; those without a date come last."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        feed = await listing.find_feed(session, identity.owner_id, feed_id)
        page = await listing.list_episodes(session, feed, limit=query.limit, before=before)
    items = [EpisodeInfo.of(row, EPISODES) for row in page.rows]
    return EpisodePage(items=items, next_cursor=cursors.encode(page.next_before))


@routes.get(f"{EPISODES}/{{episode_id}}", summary="One episode", responses=documented(404))
async def get_episode(episode_id: UUID, parts: Parts, identity: Caller) -> EpisodeInfo:
    """An episode of a feed that you subscribe to, or that you were told of, and what was made of it."""
    async with parts.transaction() as session:
        return EpisodeInfo.of(await listing.find_episode(session, identity.owner_id, episode_id), EPISODES)


@routes.get(
    f"{EPISODES}/{{episode_id}}/transcript",
    summary="Download a transcript",
    response_class=Response,
    responses=content.RESPONSES,
)
async def get_episode_transcript(episode_id: UUID, request: Request, parts: Parts, identity: Caller) -> Response:
    """The transcript of an episode, once there is one. Honours `Range` and `If-None-Match`."""
    async with parts.transaction() as session:
        episode = await listing.find_episode(session, identity.owner_id, episode_id)
        if episode.transcript_file_id is None:
            raise NotFoundError(f"episode {episode_id} has no transcript yet: it is {episode.state}")
        file = await find_file(session, PODCASTS_OWNER, episode.transcript_file_id)
    told = Content(file.sha256, file.size_bytes, file.media_type, file.name or f"{episode.id}.json")
    return await content.answer(request, parts.storage, told)
