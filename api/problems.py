"""Errors as RFC 9457 problem details."""

from __future__ import annotations

import math
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from playhead.errors import PlayheadError

MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str | None = Field(None, description="Dotted path, e.g. `params.language`; left out for the whole.")
    code: str = Field(description="What kind of wrong, e.g. `missing`, `extra_forbidden`.")
    message: str


class Problem(BaseModel):
    """Why a request was not done (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:playhead:problem:invalid",
                    "title": "The request is not valid",
                    "status": 422,
                    "detail": "params.langage: Extra inputs are not permitted",
                    "code": "invalid",
                    "field": "params.langage",
                    "errors": [
                        {
                            "field": "params.langage",
                            "code": "extra_forbidden",
                            "message": "Extra inputs are not permitted",
                        }
                    ],
                    "request_id": "5f0c8e3c6f7b4a0f9d3a0a8f5a6e3f11",
                }
            ]
        }
    )

    type: str = Field(description="A URN that ends in the code.")
    title: str = Field(description="The same for every problem of this code.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What is wrong with this request, and what to do.")
    code: str = Field(description="Stable name to match on.")
    field: str | None = Field(None, description="Field of the request that it is about, as a dotted path.")
    errors: list[FieldProblem] | None = Field(None, description="Every wrong field, where there may be several.")
    request_id: str | None = Field(None, description="The answer's `X-Request-ID`: quote it when asking for help.")


def problem(
    *,
    code: str,
    title: str,
    status: int,
    detail: str,
    field: str | None = None,
    errors: list[FieldProblem] | None = None,
) -> Problem:
    """A problem whose type follows from its code."""
    made = f"urn:playhead:problem:{code}"
    return Problem(type=made, title=title, status=status, detail=detail, code=code, field=field, errors=errors)


def of_error(error: PlayheadError) -> Problem:
    """The problem that an expected error is."""
    return problem(code=error.code, title=error.title, status=error.status, detail=error.message, field=error.field)


def headers_of(error: PlayheadError) -> dict[str, str]:
    """The headers that the status of this error asks for."""
    headers = {"WWW-Authenticate": "Bearer"} if error.status == UNAUTHORIZED else {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(math.ceil(error.retry_after_seconds))
    return headers


def respond(told: Problem, request_id: str | None, headers: dict[str, str] | None = None) -> Response:
    """The answer that reports a problem."""
    body = told.model_copy(update={"request_id": request_id}).model_dump_json(exclude_none=True)
    return Response(body, told.status, headers=headers, media_type=MEDIA_TYPE)


UNAUTHORIZED = 401

_DESCRIPTIONS = {
    400: "The body is not JSON, or could not be read.",
    401: "No API key, or one that opens nothing.",
    403: "Not allowed with this key.",
    404: "There is no such thing, or it is another owner's.",
    409: "What is there already forbids this; the code says what.",
    413: "The body is too large.",
    415: "This is not a recording.",
    416: "The range lies outside of the content.",
    422: "A field is wrong; the answer names it.",
    503: "The database or the storage is away: ask again after `Retry-After` seconds.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """These statuses as OpenAPI responses, with what every route that needs a key may answer."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": {MEDIA_TYPE: schema}}
        for status in sorted({401, 422, 503, *statuses})
    }
