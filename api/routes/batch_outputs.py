from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
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
from api.zips import Entry, zipped
from playhead.asking.text import OutputName
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
        folders = _folders(batch, await read.children(session, batch_id))
    entries = _entries(parts, batch_id, folders, query.name)
    headers = {"Content-Disposition": attachment(f"{batch_id}.zip"), "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(zipped(entries, parts.storage), headers=headers, media_type="application/zip")


def _folders(batch: Batch, children: Sequence[UUID]) -> dict[UUID, str]:
    """For each job its name in the graph, or its number: that of its input, as all jobs are there or none."""
    width = len(str(batch.total))
    numbers = {job_id: f"{place:0{width}}" for place, job_id in enumerate(children, 1)}
    return numbers | {UUID(job_id): name for name, job_id in (batch.names or {}).items()}


async def _entries(
    parts: Services, batch_id: UUID, folders: Mapping[UUID, str], names: Sequence[str]
) -> AsyncIterator[Entry]:
    """Each output, in the folder of its job."""
    after: tuple[UUID, str] | None = None
    while True:
        async with parts.transaction() as session:
            page = await read.outputs_after(session, batch_id, after, names=names, limit=ENTRIES_AT_ONCE)
        for made in page:
            output = made.output
            yield Entry(f"{folders[made.job_id]}/{output.name}", output.sha256, output.media_type, made.finished_at)
        if len(page) < ENTRIES_AT_ONCE:
            return
        after = page[-1].output.job_id, page[-1].output.name
