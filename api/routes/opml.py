from __future__ import annotations

from fastapi import APIRouter, Request, Response

from api.content import attachment
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.podcast import ImportedFeed, ImportReport
from api.schemas.reason import Reason
from api.upload import incoming
from playhead.podcasts import listing, opml
from playhead.podcasts.importing import Imported, subscribe_to_all

PATH = f"{V1}/opml"
MAX_BODY_BYTES = 4 * 1024 * 1024
IMPORT_SECONDS = 30.0
"""What a list of thousands may take."""

routes = APIRouter(prefix=PATH, tags=["podcasts"])

_XML = {"type": "string", "description": "OPML"}
_BODY = {
    "required": True,
    "description": "The list: in the field `file` of a form, or as the whole body.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            },
        },
        opml.MEDIA_TYPE: {"schema": _XML},
        "application/xml": {"schema": _XML},
        "text/xml": {"schema": _XML},
    },
}
_EXPORTED = {200: {"description": "The list.", "content": {opml.MEDIA_TYPE: {"schema": _XML}}}, **documented()}


@routes.get("", summary="Export your feeds", response_class=Response, responses=_EXPORTED)
async def export_opml(parts: Parts, identity: Caller) -> Response:
    """All feeds that you subscribe to, as other programs take them."""
    async with parts.transaction() as session:
        feeds = await listing.all_feeds(session, identity.owner_id)
    outlines = [opml.Outline(feed.url, feed.title, feed.link) for feed in feeds]
    headers = {"Content-Disposition": attachment("playhead.opml"), "X-Content-Type-Options": "nosniff"}
    return Response(opml.write(outlines), headers=headers, media_type=opml.MEDIA_TYPE)


@routes.post("", summary="Import feeds", responses=documented(400, 413, 415), openapi_extra={"requestBody": _BODY})
async def import_opml(request: Request, parts: Parts, identity: Caller) -> ImportReport:
    """Subscribe to every feed of a list, in your digest. Those that you subscribe to already stay as they are."""
    upload = await incoming(request, max_bytes=MAX_BODY_BYTES)
    outlines = opml.read(b"".join([chunk async for chunk in upload.chunks]))
    async with parts.transaction(patience_seconds=IMPORT_SECONDS) as session:
        told = await subscribe_to_all(session, identity.owner_id, outlines, parts.settings.fetch)
    items = [_item(one) for one in told]
    return ImportReport(subscribed=sum(item.outcome == "subscribed" for item in items), items=items)


def _item(one: Imported) -> ImportedFeed:
    if one.kept is not None:
        return ImportedFeed.of(one.outline, one.kept)
    error = Reason(code=one.error.code, message=one.error.message) if one.error else None
    told = {"line": one.outline.line, "url": one.outline.url, "title": one.outline.title}
    return ImportedFeed(**told, outcome="refused", subscription_id=None, error=error)
