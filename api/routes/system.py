from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from api.dependencies import Parts
from api.metrics import Metrics
from api.problems import documented
from api.services import Services
from playhead import migrate
from playhead.errors import UnavailableError

PROBE_SECONDS = 3.0
"""Health checks commonly wait for four or five."""

routes = APIRouter(tags=["health"])

_UNAVAILABLE: dict[int | str, dict[str, Any]] = {503: documented()[503]}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "Prometheus text format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


class Health(BaseModel):
    """All is well; anything else is a problem with status 503."""

    status: Literal["ok"] = "ok"


@routes.get("/healthz", summary="The process is alive")
async def healthz() -> Health:
    """Answer, whatever the database does: restarting this process would not bring it back."""
    return Health()


@routes.get("/readyz", summary="Database and schema are usable", responses=_UNAVAILABLE)
async def readyz(parts: Parts) -> Health:
    """Answer 200 once requests can be served."""
    revision = await _revision(parts)
    if revision != parts.schema_revision:
        message = f"the schema is at revision {revision}, this version needs {parts.schema_revision}"
        raise UnavailableError(f"{message}: run `playhead migrate`", retry_after_seconds=5)
    return Health()


@routes.get("/metrics", summary="Prometheus metrics", response_class=Response, responses=_TEXT)
async def metrics(request: Request, parts: Parts) -> Response:
    """Queues, jobs, this process and every living worker. Tells of no content, so it needs no key."""
    told: Metrics = request.app.state.metrics
    return Response(await told.exposition(parts), media_type=CONTENT_TYPE_LATEST)


@routes.get("/", include_in_schema=False)
async def root() -> RedirectResponse:
    """Lead a person who opens the address to something to read."""
    return RedirectResponse("/docs")


async def _revision(parts: Services) -> str | None:
    async with parts.transaction(patience_seconds=PROBE_SECONDS) as session:
        connection = await session.connection()
        return await connection.run_sync(migrate.current)
