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
from playhead.errors import InternalError, InvalidError, MalformedError, PlayheadError, TooLargeError
from playhead.registry import kinds

_CODES = {400: MalformedError.code, 404: "not_found", 405: "method_not_allowed", 413: TooLargeError.code}


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
    code = _CODES.get(status, f"http_{status.value}")
    return problem(code=code, title=status.phrase, status=status, detail=str(error.detail))


def of_validation(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """What validation refused: a body that is no JSON, or wrong fields."""
    first = errors[0]
    if first["type"] == "json_invalid":
        where = f"the body is not JSON: {first['ctx']['error']} at character {first['loc'][-1]}"
        return of_error(MalformedError(where))
    told = [FieldProblem(field=field_of(item["loc"]), code=item["type"], message=item["msg"]) for item in errors]
    detail = "; ".join(f"{item.field}: {item.message}" if item.field else f"the body: {item.message}" for item in told)
    kind = InvalidError
    return problem(
        code=kind.code, title=kind.title, status=kind.status, detail=detail, field=told[0].field, errors=told
    )


def field_of(location: Sequence[int | str]) -> str | None:
    """A validation error's place as a client would write it, e.g. ``params.language`` or ``Idempotency-Key``."""
    source, *path = location
    if source == "header":
        return str(path[0])
    if source == "body" and path and path[0] in kinds():  # the branch of the union that the body is
        path = path[1:]
    return ".".join(str(part) for part in path if not is_tag(part)) or None


def tag(name: str) -> str:
    """The name of a union's branch. Pydantic puts it into the place of an error, where no client would look for it."""
    return f"{_TAG}{name}"


def is_tag(part: int | str) -> bool:
    """Whether this part of a place is the name of a branch, and no field."""
    return str(part).startswith(_TAG)


_TAG = "<branch>"
