from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from api.content import attachment
from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.services import Services
from api.text import OutputName
from api.zips import Entry, zipped
from playhead.ledger.batches import read
from playhead.models import Batch

ENTRIES_AT_ONCE = 500
_BINARY = {"type": "string", "format": "binary"}

routes = APIRouter(prefix=f"{V1}/batches/{{batch_id}}/outputs.zip", tags=["batches"])


class ZipQuery(BaseModel):
    """Which outputs a zip file holds."""

    model_config = ConfigDict(extra="forbid")

    name: list[OutputName] = Field(
        default_factory=list,
        max_length=50,
        description="Only outputs of this name; of any of them where several. All, if left out.",
        examples=[["transcript.srt"]],
    )


@routes.get(
    "",
    summary="Download what all jobs made",
    response_class=Response,
    responses={
        200: {"description": "The zip file.", "content": {"application/zip": {"schema": _BINARY}}},
        **documented(404),
    },
)
async def get_batch_outputs(
    batch_id: UUID, parts: Parts, identity: Caller, query: Annotated[ZipQuery, Query()]
) -> Response:
    """All outputs so far as one zip file, made while it is sent: a folder for each job, in the order of the inputs."""
    async with parts.transaction() as session:
        batch = (await read.find_batch(session, identity.owner_id, batch_id)).batch
    entries = _entries(parts, batch, query.name)
    headers = {"Content-Disposition": attachment(f"{batch_id}.zip"), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(zipped(entries, parts.storage), headers=headers, media_type="application/zip")


async def _entries(parts: Services, batch: Batch, names: Sequence[str]) -> AsyncIterator[Entry]:
    """Each output, under the name of its job in the graph, or its number among the jobs."""
    called = {UUID(job_id): name for name, job_id in (batch.names or {}).items()}
    width = len(str(batch.total))
    after: tuple[UUID, str] | None = None
    while True:
        async with parts.transaction() as session:
            page = await read.outputs_after(session, batch.id, after, names=names, limit=ENTRIES_AT_ONCE)
        for made in page:
            folder = called.get(made.job_id) or f"{made.place:0{width}}"
            output = made.output
            yield Entry(f"{folder}/{output.name}", output.sha256, output.media_type, made.finished_at)
        if len(page) < ENTRIES_AT_ONCE:
            return
        after = page[-1].output.job_id, page[-1].output.name
