"""A batch as a request has it, as the ledger is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from playhead.asking.accepting import Asked, submission
from playhead.asking.batch import AlikeRequest, BatchRequest, RecipeRequest
from playhead.asking.graph import GraphJob, GraphRequest
from playhead.asking.graphing import submissions
from playhead.asking.places import field_of
from playhead.digests import digest_of
from playhead.errors import InvalidError
from playhead.kind import Kind
from playhead.ledger.batches.create import BatchSubmission
from playhead.ledger.submit import Submission
from playhead.recipes import recipes
from playhead.settings import Settings


@dataclass(frozen=True)
class Batching:
    """What batches are made of.

    Attributes:
        graph_type: validates the jobs of a graph by their names.
    """

    kinds: Mapping[str, Kind[Any, Any]]
    graph_type: TypeAdapter[dict[str, GraphJob]] = field(repr=False)

    def wanted(
        self,
        body: BatchRequest,
        owner_id: UUID,
        settings: Settings,
        *,
        trace: str,
        key: str | None,
        cache: bool = True,
    ) -> BatchSubmission:
        """The batch that this body asks for; ``cache`` is as in :func:`playhead.asking.accepting.submission`.

        Raises:
            InvalidError: a graph cannot be, or a job cannot take what a recipe's param makes of it.
            UrlForbiddenError: there is an address that the worker may not fetch.
        """
        match body:
            case AlikeRequest():
                made = self._alike(body, owner_id, settings, trace, cache=cache)
                wanted = BatchSubmission(owner_id, made, trace, kind=body.kind)
            case GraphRequest():
                jobs = submissions(owner_id, body.jobs, self.kinds, settings, trace, cache=cache)
                wanted = BatchSubmission(owner_id, list(jobs.values()), trace, names=_ids(jobs))
            case _:
                takers = dict.fromkeys(recipes()[body.recipe].takers(), "input")
                jobs = submissions(owner_id, self._cooked(body), self.kinds, settings, trace, takers, cache=cache)
                wanted = BatchSubmission(owner_id, list(jobs.values()), trace, names=_ids(jobs), recipe=body.recipe)
        digest = digest_of(body.model_dump(mode="json", exclude_defaults=True)) if key else b""
        return replace(wanted, metadata=body.metadata, idempotency_key=key, request_digest=digest)

    def _alike(
        self, body: AlikeRequest, owner_id: UUID, settings: Settings, trace: str, *, cache: bool
    ) -> list[Submission]:
        asked = Asked(owner_id, self.kinds[body.kind], body.params, trace)
        return [
            submission(asked, given, body, settings, input_field=f"inputs.{place}", cache=cache)
            for place, given in enumerate(body.inputs)
        ]

    def _cooked(self, asked: RecipeRequest) -> dict[str, GraphJob]:
        terms = asked.model_dump(include={"priority", "max_attempts", "timeout_seconds", "metadata"})
        filled = recipes()[asked.recipe].fill(asked.input.model_dump(mode="json"), asked.params.model_dump())
        try:
            return self.graph_type.validate_python({name: {**job, **terms} for name, job in filled.items()})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            told = f"{field_of(('body', 'jobs', *first['loc']))}: {first['msg'].removeprefix('Value error, ')}"
            raise InvalidError(told, field="input" if "input" in first["loc"] else "params") from None


def _ids(jobs: Mapping[str, Submission]) -> dict[str, UUID]:
    return {name: job.id for name, job in jobs.items() if job.id is not None}
