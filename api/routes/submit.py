from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from api.dependencies import Caller, Parts
from api.problems import documented
from api.routes import V1
from api.schemas.job import Job
from api.tracing import trace_id
from playhead.asking.accepting import Asked, submission
from playhead.asking.job import JobRequest
from playhead.kind import Kind
from playhead.ledger import read
from playhead.ledger.fitting import require_fitting
from playhead.ledger.submit import accept, find_known

IdempotencyKey = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Makes the request safe to repeat: the same key and request give the same job, for as long as "
        "that job is kept; the same key with another request is refused.",
    ),
]

Cache = Annotated[
    bool,
    Query(
        description="Whether a result will do that another of your jobs has made, or is making, of the same input and "
        "parameters. `false` has the work done anew, and the result kept from other jobs.",
    ),
]

_DOCUMENTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The job, just made or, for a repeated `Idempotency-Key`, as it now stands.",
        "headers": {"Location": {"description": "Path of the job.", "schema": {"type": "string"}}},
        "links": {
            name: {"operationId": name, "parameters": {"job_id": "$response.body#/id"}}
            for name in ("get_job", "watch_job", "cancel_job", "retry_job", "skip_job", "remove_job")
        },
    },
    **documented(400, 413),
}


def router(kinds: dict[str, Kind[Any, Any]], request_type: Any) -> APIRouter:
    """The route that takes jobs of these kinds. ``request_type``: see :func:`api.schemas.submission.request_model`."""
    routes = APIRouter(prefix=f"{V1}/jobs", tags=["jobs"])
    routes.post("", status_code=202, summary="Submit a job", responses=_DOCUMENTED)(_endpoint(kinds, request_type))
    return routes


def _endpoint(kinds: dict[str, Kind[Any, Any]], request_type: Any) -> Callable[..., Any]:
    async def submit_job(
        body: JobRequest,
        request: Request,
        response: Response,
        parts: Parts,
        identity: Caller,
        idempotency_key: IdempotencyKey = None,
        cache: Cache = True,  # noqa: FBT002 - FastAPI calls it by its name
    ) -> Job:
        """Accept a job. It is durable when this answers; workers hear of it at once."""
        asked = Asked(identity.owner_id, kinds[body.kind], body.params, trace_id(request.scope))
        more: dict[str, Any] = {"after": body.after, "idempotency_key": idempotency_key}
        wanted = submission(asked, body.input, body, parts.settings, cache=cache, **more)
        async with parts.transaction() as session:
            job_id = await find_known(session, wanted)
            if job_id is None:  # What was accepted once is that job, also if another version would not take it.
                await require_fitting(session, kinds, [wanted])
                job_id = await accept(session, wanted)
            view = await read.find_job(session, identity.owner_id, job_id)
        response.headers["Location"] = f"{request.url.path}/{job_id}"
        return Job.of(view)

    # The body's type is known only once the kinds are: FastAPI reads it from here.
    submit_job.__annotations__["body"] = request_type
    return submit_job
