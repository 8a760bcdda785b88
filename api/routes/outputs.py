from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from api import content
from api.content import Content
from api.dependencies import Caller, Parts
from api.routes import V1
from playhead.asking.text import OutputName
from playhead.ledger import read

routes = APIRouter(prefix=f"{V1}/jobs/{{job_id}}/outputs", tags=["jobs"])

OutputPath = Annotated[OutputName, Path(description="Name of the output, e.g. `transcript.srt`.")]


@routes.get("/{name}", summary="Download an output", response_class=Response, responses=content.RESPONSES)
async def get_output(job_id: UUID, name: OutputPath, request: Request, parts: Parts, identity: Caller) -> Response:
    """An output of a job that has succeeded, e.g. `transcript.srt`. Honours `Range` and `If-None-Match`."""
    async with parts.transaction() as session:
        made = await read.find_output(session, identity.owner_id, job_id, name)
    told = Content(made.sha256, made.size_bytes, made.media_type, made.name)
    return await content.answer(request, parts.storage, told)
