"""Whether jobs can work on what others make: judged before any of them is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import InvalidError
from playhead.kind import Form, Kind
from playhead.ledger.inputs import Wanted, wanted_by
from playhead.ledger.makers import Kinds, Maker, find_makers
from playhead.ledger.submit import Submission


async def require_fitting(
    session: AsyncSession, kinds: Kinds, wanted: Sequence[Submission], names: Mapping[str, UUID] | None = None
) -> None:
    """Let each of these jobs of one owner take only outputs that will be made, in forms that it works on.

    One statement, however many they are. A job that is not there is for :func:`playhead.ledger.submit.submit` to tell,
    and so is what one that succeeded made.

    Args:
        session: of the transaction that is to store them.
        kinds: by their names.
        wanted: the jobs; they may take from one another by their ids.
        names: ids of those that the request has names for.

    Raises:
        InvalidError: there is one that cannot; the field is that of the output.
    """
    taken = [one for job in wanted for one in wanted_by(job.kind, job.input, job.input_field) if "job" in one.source]
    if not taken:
        return
    makers = await find_makers(session, kinds, wanted, {UUID(one.source["job"]) for one in taken})
    made = {job_id: maker.makes(makers) for job_id, maker in makers.items()}
    called = {job_id: name for name, job_id in (names or {}).items()}
    for one in taken:
        job_id = UUID(one.source["job"])
        outputs = made.get(job_id)
        if outputs is not None:
            name = called.get(job_id, f"job {job_id}")
            _require(kinds[one.kind], one, name, makers[job_id], outputs)


def _require(kind: Kind[Any, Any], wanted: Wanted, name: str, maker: Maker, made: Mapping[str, Form]) -> None:
    output, field = wanted.source["output"], f"{wanted.field}.output"
    if output in made and made[output] not in kind.accepts:
        takes = ", ".join(sorted(kind.accepts))
        raise InvalidError(f"{kind.name} takes {takes}; {output} of {name} is {made[output]}", field=field)
    if output not in made and not maker.succeeded:
        of = f" of {maker.taken}" if maker.taken else ""
        raise InvalidError(f"{name} makes no output {output!r}{of}, but {', '.join(made) or 'none'}", field=field)
