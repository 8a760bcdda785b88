"""Requests for work that came some other way than by a route of their own: understood, judged and submitted alike."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.asking.accepting import Asked, submission
from playhead.asking.batch import work_request_type
from playhead.asking.batching import Batching
from playhead.asking.graph import graph_job_type
from playhead.asking.job import JobRequest
from playhead.asking.places import field_of
from playhead.errors import InvalidError
from playhead.kind import Kind
from playhead.ledger.batches.create import create
from playhead.ledger.fitting import require_fitting
from playhead.ledger.submit import Submission, submit_all
from playhead.recipes import cookable
from playhead.settings import Settings


@dataclass(frozen=True)
class Made:
    """What a request made: a job, or a batch of jobs."""

    job_id: UUID | None = None
    batch_id: UUID | None = None


@dataclass(frozen=True)
class RequestTypes:
    """What requests for work of these kinds look like; to be made once, for it takes a moment.

    Attributes:
        work: the type of a body of ``POST /api/v1/jobs`` or of ``POST /api/v1/batches``.
        adapter: validates such a body.
    """

    kinds: Mapping[str, Kind[Any, Any]]
    work: Any
    adapter: TypeAdapter[Any]
    batching: Batching

    @classmethod
    def of(cls, kinds: Mapping[str, Kind[Any, Any]]) -> Self:
        """Of these kinds, and of the recipes that they suffice for."""
        job_type: Any = graph_job_type(kinds.values())
        work = work_request_type(list(kinds.values()), job_type, cookable())
        return cls(kinds, work, TypeAdapter(work), Batching(kinds, TypeAdapter(dict[str, job_type])))


@dataclass(frozen=True)
class Requests:
    """Understands and submits requests for work, whoever has written them down."""

    types: RequestTypes
    settings: Settings

    def understand(self, body: Mapping[str, Any]) -> BaseModel:
        """The request that a body is.

        Raises:
            InvalidError: it is none; ``field`` says where.
        """
        try:
            understood: BaseModel = self.types.adapter.validate_python(body)
        except ValidationError as error:
            raise invalid(error) from None
        return understood

    async def submit(
        self, session: AsyncSession, owner_id: UUID, asked: Sequence[BaseModel], *, base: int | None = None
    ) -> list[Made]:
        """Accept all of these, or none, in the caller's transaction and in their order.

        ``base`` is added to the ranks of their priorities, in the place of that of the owner's tier.

        Raises:
            InvalidError, InputQuarantinedError, UrlForbiddenError: one cannot be.
        """
        made = []
        for single, some in groupby(asked, lambda one: isinstance(one, JobRequest)):
            submit = self._submit_jobs if single else self._submit_batches
            made += await submit(session, owner_id, list(some), base=base)
        return made

    async def _submit_jobs(
        self, session: AsyncSession, owner_id: UUID, asked: Sequence[Any], *, base: int | None
    ) -> list[Made]:
        wanted = [replace(self._job(owner_id, one), base=base) for one in asked]
        await require_fitting(session, self.types.kinds, wanted)
        return [Made(job_id=job_id) for job_id in await submit_all(session, wanted)]

    async def _submit_batches(
        self, session: AsyncSession, owner_id: UUID, asked: Sequence[Any], *, base: int | None
    ) -> list[Made]:
        made = []
        for one in asked:
            # Ten thousand jobs take a second to be put together: not on the event loop.
            wanted = await asyncio.to_thread(
                self.types.batching.wanted, one, owner_id, self.settings, trace=_new_trace(), key=None
            )
            await require_fitting(session, self.types.kinds, wanted.children, wanted.names)
            if base is not None:
                wanted = replace(wanted, children=[replace(child, base=base) for child in wanted.children])
            made.append(Made(batch_id=await create(session, wanted)))
        return made

    def _job(self, owner_id: UUID, asked: JobRequest) -> Submission:
        who = Asked(owner_id, self.types.kinds[asked.kind], asked.params, _new_trace())
        return submission(who, asked.input, asked, self.settings, after=asked.after)


def _new_trace() -> str:
    return secrets.token_hex(16)


def invalid(error: ValidationError) -> InvalidError:
    """The first thing that validation found wrong."""
    first = error.errors(include_url=False)[0]
    return InvalidError(first["msg"].removeprefix("Value error, "), field=field_of(("body", *first["loc"])))
