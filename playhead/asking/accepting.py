"""From what a request asks to what the ledger is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from playhead.asking.inputs import UrlInput, placed
from playhead.asking.terms import Terms
from playhead.errors import InvalidError, PlayheadError, UrlForbiddenError
from playhead.fetch import check_url
from playhead.kind import Kind
from playhead.ledger.sharing.keys import work_of
from playhead.ledger.submit import Submission
from playhead.settings import Settings


@dataclass(frozen=True)
class Asked:
    """Who wants which kind of work."""

    owner_id: UUID
    kind: Kind[Any, Any]
    params: BaseModel
    trace_id: str


def submission(
    asked: Asked,
    given: BaseModel,
    terms: Terms,
    settings: Settings,
    *,
    input_field: str = "input",
    params_field: str = "params",
    cache: bool = True,
    **rest: Any,
) -> Submission:
    """A job on this input, on these terms; ``rest`` are fields of it.

    ``cache``: whether the result of another job that did the same will do.

    Raises:
        InvalidError, UrlForbiddenError: an address that is none, or that the worker may not fetch.
        PlayheadError: what else the kind does not admit.
    """
    _require_admitted(asked, settings, params_field)
    for field, one in placed(given, input_field):
        if isinstance(one, UrlInput):
            _check(one.url, settings, f"{field}.url")
    return Submission(
        owner_id=asked.owner_id,
        kind=asked.kind.name,
        queue=asked.kind.queue,
        params=asked.params.model_dump(mode="json"),
        chosen_params=asked.params.model_dump(mode="json", exclude_defaults=True),
        input=given.model_dump(mode="json"),
        max_attempts=terms.max_attempts or settings.retry.max_attempts,
        timeout_seconds=terms.timeout_seconds or settings.retry.timeout_seconds,
        priority=terms.priority,
        tiers=settings.tiers,
        run_at=terms.run_at,
        expires_in_seconds=terms.expires_in_seconds,
        metadata=terms.metadata,
        trace_id=asked.trace_id,
        work=work_of(asked.owner_id, asked.kind, asked.params, settings) if cache else None,
        input_field=input_field,
        **rest,
    )


def _require_admitted(asked: Asked, settings: Settings, field: str) -> None:
    if asked.kind.admit is None:
        return
    try:
        asked.kind.admit(asked.params, settings)
    except PlayheadError as error:
        error.field = f"{field}.{error.field}" if error.field else field
        raise


def _check(url: str, settings: Settings, field: str) -> None:
    try:
        check_url(url, settings.fetch)
    except (InvalidError, UrlForbiddenError) as error:
        error.field = field
        raise
