"""A graph of jobs, put in order, as the ledger is asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from playhead.asking.accepting import Asked, submission
from playhead.asking.graph import GraphJob
from playhead.asking.inputs import NamedOutputInput, OutputInput, SeveralInputs, each, placed
from playhead.errors import InvalidError
from playhead.graphs import ordered
from playhead.identity import new_id
from playhead.kind import Kind
from playhead.ledger.submit import Submission
from playhead.settings import Settings

Jobs = Mapping[str, GraphJob]


def submissions(
    owner_id: UUID,
    jobs: Jobs,
    kinds: Mapping[str, Kind[Any, Any]],
    settings: Settings,
    trace: str,
    input_fields: Mapping[str, str] = MappingProxyType({}),
    *,
    cache: bool = True,
) -> dict[str, Submission]:
    """These jobs by their names, each after all that it needs, and with an id by which others need it.

    ``input_fields``: where the request has the inputs of some of them, for errors, if not with the job. ``cache`` is as
    in :func:`playhead.asking.accepting.submission`.

    Raises:
        InvalidError: a job needs one that is not there, or waits for itself.
        UrlForbiddenError: one has an address that the worker may not fetch.
    """
    ids: dict[str, UUID] = {}
    made = {}
    for name in ordered({name: _needs(name, job, jobs) for name, job in jobs.items()}):
        job = jobs[name]
        after = [_id(needed, ids) for needed in job.after]
        given = _with_ids(job.input, ids)
        ids[name] = new_id(after=[*after, *(one.job for one in each(given) if isinstance(one, OutputInput))])
        asked = Asked(owner_id, kinds[job.kind], job.params, trace)
        named = {"input_field": input_fields.get(name, f"jobs.{name}.input"), "after_field": f"jobs.{name}.after"}
        named["params_field"] = f"jobs.{name}.params"
        made[name] = submission(asked, given, job, settings, id=ids[name], after=after, cache=cache, **named)
    return made


def _needs(name: str, job: GraphJob, jobs: Jobs) -> set[str]:
    """The names of all that must succeed before this job."""
    named = [(f"jobs.{name}.after.{place}", needed) for place, needed in enumerate(job.after)]
    for field, one in placed(job.input, f"jobs.{name}.input"):
        if isinstance(one, NamedOutputInput):
            named.append((f"{field}.job", one.job))
    for field, needed in named:
        _require_known(needed, jobs, field)
    return {needed for _, needed in named if needed in jobs}


def _require_known(needed: str, jobs: Jobs, field: str) -> None:
    if needed in jobs:
        return
    try:
        UUID(needed)
    except ValueError:
        raise InvalidError(f"there is no job {needed!r} in this graph", field=field) from None


def _with_ids(given: BaseModel, ids: Mapping[str, UUID]) -> BaseModel:
    if isinstance(given, SeveralInputs):
        return SeveralInputs(all=[_with_ids(one, ids) for one in given.all])
    if isinstance(given, NamedOutputInput):
        return OutputInput(job=_id(given.job, ids), output=given.output)
    return given


def _id(name: str, ids: Mapping[str, UUID]) -> UUID:
    return ids[name] if name in ids else UUID(name)
