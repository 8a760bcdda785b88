from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from api import cursors
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.channels import permitted
from api.schemas.digest import DigestChange, DigestInfo, DigestPreview, IssueInfo, IssuePage, IssueText
from api.schemas.listing import PageQuery
from playhead.database import now
from playhead.models import Digest
from playhead.podcasts.telling import digests
from playhead.podcasts.telling.digest_feed import rss
from playhead.podcasts.telling.episodes import digest, record
from playhead.podcasts.telling.news import title, waiting

PATH = f"{V1}/digest"
FEED_ISSUES = 50
FEED = {200: {"description": "RSS 2.0.", "content": {"application/rss+xml": {}}}, **documented(404)}

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$")]

routes = APIRouter(prefix=PATH, tags=["podcasts"])


@routes.get("", summary="Your digest", responses=documented())
async def get_digest(parts: Parts, identity: Caller) -> DigestInfo:
    """When it comes, and where it goes."""
    async with parts.transaction() as session:
        found = await digests.ensure(session, identity.owner_id, parts.settings.podcasts, await now(session))
        return DigestInfo.of(found, _feed_url(found))


@routes.patch("", summary="Change your digest", responses=documented(400))
async def change_digest(body: DigestChange, parts: Parts, identity: Caller) -> DigestInfo:
    """Change what is given. When the next is due follows from it."""
    changes = body.model_dump(exclude_unset=True)
    if "notify" in changes:
        changes["notify"] = permitted(body.notify, parts.settings)
    async with parts.transaction() as session:
        at = await now(session)
        found = await digests.ensure(session, identity.owner_id, parts.settings.podcasts, at)
        digests.change(found, changes, at)
        return DigestInfo.of(found, _feed_url(found))


@routes.get("/preview", summary="What the next digest would tell", responses=documented())
async def preview_digest(parts: Parts, identity: Caller) -> DigestPreview:
    """As it would be if it came now. Nothing is sent."""
    async with parts.transaction() as session:
        at = await now(session)
        found = await digests.ensure(session, identity.owner_id, parts.settings.podcasts, at)
        items = list((await waiting(session, identity.owner_id)).told.values())
    called = title(found.next_at or at, found.timezone)
    return DigestPreview(
        due_at=found.next_at, title=called, episodes=list(map(record, items)), markdown=digest(called, items)
    )


@routes.post("/feed/renew", summary="Give the digest's feed another address", responses=documented())
async def renew_feed(parts: Parts, identity: Caller) -> DigestInfo:
    """Whoever knew the address before reads nothing there any more."""
    async with parts.transaction() as session:
        found = await digests.ensure(session, identity.owner_id, parts.settings.podcasts, await now(session))
        digests.renew(found)
        return DigestInfo.of(found, _feed_url(found))


@routes.get("/issues", summary="Digests that came", responses=documented())
async def list_issues(parts: Parts, identity: Caller, query: Annotated[PageQuery, Query()]) -> IssuePage:
    """Your digests, the newest first. A period without news has none."""
    before = cursors.decode(query.cursor)
    async with parts.transaction() as session:
        page = await digests.issues(session, identity.owner_id, limit=query.limit, before=before)
    return IssuePage(items=[IssueInfo.of(row) for row in page.rows], next_cursor=cursors.encode(page.next_before))


@routes.get("/issues/{issue_id}", summary="One digest", responses=documented(404))
async def get_issue(issue_id: UUID, parts: Parts, identity: Caller) -> IssueText:
    """A digest, and what it told."""
    async with parts.transaction() as session:
        return IssueText.of(await digests.find_issue(session, identity.owner_id, issue_id))


@routes.get("/feed/{token}", summary="The digest's own feed", response_class=Response, responses=FEED)
async def read_feed(token: Token, request: Request, parts: Parts) -> Response:
    """The latest digests, for a feed reader: RSS 2.0. No key: the address is the secret."""
    async with parts.transaction() as session:
        found = await digests.of_token(session, token)
        page = await digests.issues(session, found.owner_id, limit=FEED_ISSUES)
    return Response(rss(page.rows, str(request.url.replace(query=""))), media_type="application/rss+xml")


def _feed_url(digest: Digest) -> str:
    return f"{PATH}/feed/{digest.token}"
