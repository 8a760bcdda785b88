from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError

from api.dependencies import Caller, Parts
from api.errors import of_validation
from api.lines import lines
from api.problems import documented
from api.routes import V1
from api.schemas.bulk import BulkReport, LineProblem
from api.services import Services
from api.tracing import trace_id
from playhead.asking.accepting import Asked, submission
from playhead.asking.job import JobRequest
from playhead.errors import InputQuarantinedError, InvalidError, PlayheadError, UrlForbiddenError
from playhead.kind import Kind
from playhead.ledger.bulk import AT_ONCE, submit_bulk
from playhead.ledger.fitting import require_fitting
from playhead.ledger.submit import Submission
from playhead.states import Priority

PATH = f"{V1}/bulk"
MAX_TOLD = 100
BYTES_AT_ONCE = 8 * 1024 * 1024
"""Of lines in one transaction: a thousand long ones would fill the memory, and are more than one JSON of PostgreSQL."""
PATIENCE_SECONDS = 60.0
_EXAMPLE = '{"kind": "transcribe", "input": {"url": "https://example.com/1.mp3"}}\n'
_BODY = {"required": False, "content": {"application/x-ndjson": {"schema": {"type": "string"}, "example": _EXAMPLE}}}

Line = tuple[int, Submission]


def router(kinds: dict[str, Kind[Any, Any]], request_type: Any) -> APIRouter:
    """The route that takes jobs of these kinds, a line each. ``request_type``: that of a line, as of a single job."""
    routes = APIRouter(prefix=PATH, tags=["jobs"])
    line_type: TypeAdapter[JobRequest] = TypeAdapter(request_type)

    @routes.post(
        "", summary="Submit a corpus", openapi_extra={"requestBody": _BODY}, responses=documented(400, 413, 415)
    )
    async def submit_jobs(request: Request, parts: Parts, identity: Caller) -> BulkReport:
        """Accept a job for each line, thousand by thousand; what is known is left out, so it is safe to send again.

        A line is the body of a single job. Its `priority` is `low` where it names none. Where this answers with an
        error, the lines before may have been accepted: send all of them again.
        """
        intake = _Intake(parts, kinds)
        trace = trace_id(request.scope)
        async for number, line in lines(request):
            try:
                body = line_type.validate_json(line)
                asked = Asked(identity.owner_id, kinds[body.kind], body.params, trace)
                priority = body.priority if "priority" in body.model_fields_set else Priority.LOW
                terms = body.model_copy(update={"priority": priority})
                wanted = submission(asked, body.input, terms, parts.settings, after=body.after)
                await intake.take(number, wanted, len(line))
            except ValidationError as error:
                problem = of_validation([{**item, "loc": ("body", *item["loc"])} for item in error.errors()])
                intake.refuse(LineProblem(line=number, code=problem.code, field=problem.field, message=problem.detail))
            except (InvalidError, UrlForbiddenError) as error:
                intake.refuse(_told(number, error))
        return await intake.report()

    return routes


@dataclass
class _Intake:
    """Takes lines in, thousand by thousand, or fewer where they are long."""

    parts: Services
    kinds: Mapping[str, Kind[Any, Any]]
    accepted: int = 0
    known: int = 0
    refused: int = 0
    errors: list[LineProblem] = field(default_factory=list)
    _taken: list[Line] = field(default_factory=list)
    _taken_bytes: int = 0

    async def take(self, number: int, wanted: Submission, size_bytes: int) -> None:
        self._taken.append((number, wanted))
        self._taken_bytes += size_bytes
        if len(self._taken) == AT_ONCE or self._taken_bytes >= BYTES_AT_ONCE:
            await self._store(self._taken)
            self._taken, self._taken_bytes = [], 0

    def refuse(self, problem: LineProblem) -> None:
        self.refused += 1
        self.errors += [problem] if len(self.errors) < MAX_TOLD else []

    async def report(self) -> BulkReport:
        await self._store(self._taken)
        errors = sorted(self.errors, key=lambda problem: problem.line)
        return BulkReport(accepted=self.accepted, known=self.known, refused=self.refused, errors=errors)

    async def _store(self, taken: Sequence[Line]) -> None:
        """Store these; where one of them cannot be, each half by itself, down to that one."""
        if not taken:
            return
        asked = [wanted for _, wanted in taken]
        try:
            async with self.parts.transaction(patience_seconds=PATIENCE_SECONDS) as session:
                await require_fitting(session, self.kinds, asked)
                made = await submit_bulk(session, asked)
        except (InvalidError, InputQuarantinedError) as error:
            if len(taken) == 1:
                self.refuse(_told(taken[0][0], error))
                return
            await self._store(taken[: len(taken) // 2])
            await self._store(taken[len(taken) // 2 :])
        else:
            self.accepted += len(made)
            self.known += len(taken) - len(made)


def _told(line: int, error: PlayheadError) -> LineProblem:
    return LineProblem(line=line, code=error.code, field=error.field, message=error.message)
