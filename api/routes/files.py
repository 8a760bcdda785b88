from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from api import content
from api.content import Content, is_sendable
from api.dependencies import Caller, Parts
from api.media import HEAD_BYTES, READER_BUDGET_BYTES, duration_seconds, sniff
from api.problems import documented
from api.routes import V1
from api.schemas.file import File
from api.upload import incoming, with_head
from playhead.errors import UnsupportedMediaError
from playhead.ledger.files import add_file, find_file, remove_file

PATH = f"{V1}/files"

routes = APIRouter(prefix=PATH, tags=["files"])

_BINARY = {"type": "string", "format": "binary"}
_BODY = {
    "required": True,
    "description": "The recording: in the field `file` of a form, or as the whole body with a type like these.",
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY}},
        },
        "application/octet-stream": {"schema": _BINARY},
        "audio/mpeg": {"schema": _BINARY},
        "audio/wav": {"schema": _BINARY},
        "video/mp4": {"schema": _BINARY},
    },
}
_CREATED: dict[int | str, dict[str, Any]] = {
    201: {
        "description": "The file.",
        "headers": {"Location": {"description": "Path of the file.", "schema": {"type": "string"}}},
        "links": {
            name: {"operationId": name, "parameters": {"file_id": "$response.body#/id"}}
            for name in ("get_file", "get_file_content", "delete_file")
        },
    },
    **documented(400, 413, 415),
}


@routes.post(
    "", status_code=201, summary="Upload a recording", responses=_CREATED, openapi_extra={"requestBody": _BODY}
)
async def upload_file(
    request: Request,
    response: Response,
    parts: Parts,
    identity: Caller,
    name: Annotated[  # noqa: ARG001 - documented here, read with the body
        str | SkipJsonSchema[None], Query(max_length=255, description="File name of a raw body that says none itself.")
    ] = None,
) -> File:
    """Store a recording, as it comes in. The name of a raw body may stand in `Content-Disposition` as well."""
    limit = parts.settings.max_upload_bytes
    upload = await incoming(request, max_bytes=limit)
    head, chunks = await with_head(upload.chunks, HEAD_BYTES)
    media_type = _checked(sniff(head, upload.name, upload.declared_type))
    blob = await parts.storage.put(chunks, max_bytes=limit)
    with await parts.storage.open_reader(blob.sha256, budget_bytes=READER_BUDGET_BYTES) as reader:
        seconds = await duration_seconds(reader)
    async with parts.transaction() as session:
        file = await add_file(
            session,
            owner_id=identity.owner_id,
            blob=blob,
            name=upload.name,
            media_type=media_type,
            duration_seconds=seconds,
            expires_in_seconds=parts.settings.retention.files_seconds,
        )
        await parts.storage.confirm([blob])
    response.headers["Location"] = f"{request.url.path}/{file.id}"
    return File.model_validate(file)


@routes.get("/{file_id}", summary="One file", responses=documented(404))
async def get_file(file_id: UUID, parts: Parts, identity: Caller) -> File:
    """What is known of an uploaded file."""
    async with parts.transaction() as session:
        return File.model_validate(await find_file(session, identity.owner_id, file_id))


@routes.get("/{file_id}/content", summary="Download a file", response_class=Response, responses=content.RESPONSES)
async def get_file_content(file_id: UUID, request: Request, parts: Parts, identity: Caller) -> Response:
    """The bytes of an uploaded file. Honours `Range` and `If-None-Match`."""
    async with parts.transaction() as session:
        file = await find_file(session, identity.owner_id, file_id)
    told = Content(file.sha256, file.size_bytes, file.media_type, file.name or str(file.id))
    return await content.answer(request, parts.storage, told)


@routes.delete("/{file_id}", status_code=204, summary="Delete a file", responses=documented(404))
async def delete_file(file_id: UUID, parts: Parts, identity: Caller) -> None:
    """Forget a file. A job that still needs its bytes keeps them until it has succeeded."""
    async with parts.transaction() as session:
        await remove_file(session, identity.owner_id, file_id)


def _checked(media_type: str) -> str:
    if not is_sendable(media_type):
        raise UnsupportedMediaError("the declared Content-Type is no media type", field="file")
    return media_type
