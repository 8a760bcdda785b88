"""The jobs whose outputs other jobs take, as far as they tell beforehand what they make."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Select, cast, select
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.kind import Form, Kind, Taken
from playhead.ledger.inputs import Source
from playhead.ledger.locks import among
from playhead.ledger.submit import Submission
from playhead.models import Job
from playhead.states import State

Kinds = Mapping[str, Kind[Any, Any]]


@dataclass(frozen=True)
class Maker:
    """A job that is there, or is submitted at this moment.

    Attributes:
        kind: None if there is none of its name any more.
        source: its input.
        succeeded: so it is known what it made.
    """

    kind: Kind[Any, Any] | None
    params: dict[str, Any]
    source: Source
    succeeded: bool = False

    @property
    def taken(self) -> str | None:
        """The name of the output that it takes itself."""
        return self.source.get("output")

    def makes(self, makers: Mapping[UUID, Maker]) -> Mapping[str, Form] | None:
        """What it will make, as far as these tell of its own input; None where nobody can know."""
        if self.taken is None:
            return self.outputs()
        before = makers.get(UUID(self.source["job"]))
        forms = (before.outputs() if before else None) or {}
        return self.outputs(Taken(self.taken, forms.get(self.taken)))

    def outputs(self, taken: Taken | None = None) -> Mapping[str, Form] | None:
        """What it makes of this output of another job, or of anything."""
        if self.kind is None:
            return None
        try:
            return self.kind.outputs(self.kind.params.model_validate(self.params), taken)
        except ValidationError:  # of a version whose params were others
            return None


async def find_makers(
    session: AsyncSession, kinds: Kinds, wanted: Sequence[Submission], needed: Collection[UUID]
) -> dict[UUID, Maker]:
    """Those of the needed jobs that are among the wanted or there already, and whose outputs these take themselves.

    One statement, however many they are; none where all are among the wanted.
    """
    ours = {one.id: Maker(kinds[one.kind], one.params, one.input) for one in wanted if one.id in needed}
    others = [job_id for job_id in needed if job_id not in ours]
    rows = await session.execute(_there(wanted[0].owner_id, others)) if others else []
    there = {
        row.id: Maker(
            kinds.get(row.kind),
            row.params,
            {"job": row.source, "output": row.output} if row.source else {},
            succeeded=row.state == State.SUCCEEDED,
        )
        for row in rows
    }
    return there | {job_id: maker for job_id, maker in ours.items() if job_id}


def _there(owner_id: UUID, job_ids: Collection[UUID]) -> Select[Any]:
    mine = (among(Job.id, job_ids), Job.owner_id == owner_id)
    source = Job.input["job"].astext
    before = select(cast(source, PG_UUID(as_uuid=True))).where(*mine)
    both = select(Job.id).where(*mine).union(before)  # PostgreSQL would read OR as every job
    told = select(
        Job.id, Job.kind, Job.params, Job.state, source.label("source"), Job.input["output"].astext.label("output")
    )
    return told.where(Job.id.in_(both), Job.owner_id == owner_id)
