"""Whatever a route raises, told as a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.problems import FieldProblem, Problem, headers_of, of_error, problem, respond
from api.tracing import request_id, route_of
from playhead.asking.places import field_of
from playhead.errors import (
    InternalError,
    InvalidError,
    MalformedError,
    NotFoundError,
    PlayheadError,
    TooLargeError,
)

MAX_TOLD = 20
"""Wrong fields that an answer names: a megabyte of them would else be answered with twenty."""

_KINDS: dict[int, type[PlayheadError]] = {
    HTTPStatus.BAD_REQUEST: MalformedError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: TooLargeError,
}
_DETAILS: dict[int, str] = {
    # FastAPI says it so where the parser gives up for another reason than a wrong character.
    HTTPStatus.BAD_REQUEST: "the body could not be read as JSON: it is nested too deep, or holds a number too long",
    HTTPStatus.NOT_FOUND: "there is nothing at this path: /docs tells what there is",
}
_NO_OBJECT = "send a JSON object, with `Content-Type: application/json`"


def install(app: FastAPI) -> None:
    """Answer the application's errors as problems."""

    @app.exception_handler(PlayheadError)
    async def expected(request: Request, error: PlayheadError) -> Response:
        return respond(of_error(error), request_id(request.scope), headers_of(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return respond(of_validation(error.errors()), request_id(request.scope))

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = _methods(request)
            error.detail = f"this path takes {headers['Allow']}"
        return respond(of_http(error), request_id(request.scope), headers)


def _methods(request: Request) -> str:
    # The router names only those of the first route of this path that it came to.
    operations = request.app.openapi()["paths"].get(route_of(request.scope), {"get": {}})
    return ", ".join(sorted(method.upper() for method in operations))


def of_bug() -> Problem:
    """What is told of an error that nobody expected: nothing of its inside."""
    return of_error(InternalError("this is a bug; the server's log tells more under this request_id"))


def of_http(error: HTTPException) -> Problem:
    """What the framework itself refused."""
    status = HTTPStatus(error.status_code)
    kind = _KINDS.get(status)
    # The framework's own words tell nobody what to do.
    detail = str(error.detail) if error.detail not in _FRAMEWORKS_WORDS else _DETAILS.get(status, status.phrase)
    if kind is not None:
        return problem(code=kind.code, title=kind.title, status=status, detail=detail)
    return problem(code=status.name.lower(), title=status.phrase, status=status, detail=detail)


_FRAMEWORKS_WORDS = {"There was an error parsing the body", HTTPStatus.NOT_FOUND.phrase}


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What validation refused: a body that is no JSON, or wrong fields."""
    first = errors[0]
    if first["type"] == "json_invalid":
        at = first["loc"][-1]  # of a line in bulk, the error itself tells where
        where = f"the body is not JSON: {first['ctx']['error']}" + (
            f" at character {at}" if isinstance(at, int) else ""
        )
        return of_error(MalformedError(where))
    told = [_field_problem(item) for item in errors[:MAX_TOLD]]
    parts = [f"{item.field}: {item.message}" if item.field else f"the body: {item.message}" for item in told]
    rest = [f"and {len(errors) - MAX_TOLD} more"] if len(errors) > MAX_TOLD else []
    detail = "; ".join([*parts, *rest])
    kind = InvalidError
    return problem(
        code=kind.code, title=kind.title, status=kind.status, detail=detail, field=told[0].field, errors=told
    )


def _field_problem(item: Mapping[str, Any]) -> FieldProblem:
    field = field_of(item["loc"]) or _discriminator(item)
    no_object = field is None and item["type"] in {"model_attributes_type", "missing"}
    message = _NO_OBJECT if no_object else item["msg"].removeprefix("Value error, ")
    return FieldProblem(field=field, code=item["type"], message=message)


def _discriminator(item: Mapping[str, Any]) -> str | None:
    """The field by which bodies are told apart, where that is what is wrong; Pydantic gives the place of the whole."""
    told = str(item.get("ctx", {}).get("discriminator", "")).strip("'")
    return told if told.isidentifier() else None
