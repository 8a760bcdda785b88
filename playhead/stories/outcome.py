"""What the jobs of an entry made, once all of them have ended, and what the entry is then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from playhead.errors import InputMissingError, InvalidError
from playhead.ledger.settle import Made
from playhead.models import Batch, Job, Output
from playhead.states import State
from playhead.stories.steps import ANNOTATE, ANNOTATION, AUDIO, SPEAK, STEPS, TELL, TRANSLATE, TRANSLATION
from playhead.story import Story

_MADE = {TRANSLATE: TRANSLATION, SPEAK: AUDIO, ANNOTATE: ANNOTATION}


@dataclass(frozen=True)
class Step:
    """How a job of an entry ended; ``made`` is what the entry keeps of its outputs."""

    state: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    made: Made | None


@dataclass(frozen=True)
class Outcome:
    """How all of them ended, by their names."""

    steps: Mapping[str, Step]

    @property
    def error(self) -> dict[str, Any] | None:
        """Why the entry is not complete: the first step that failed, the others may have for want of it."""
        for name in STEPS:
            step = self.steps.get(name)
            if step and not _is_done(name, step):
                told = step.error or {}
                return {"step": name, "code": told.get("code", step.state), "message": told.get("message", step.state)}
        return None

    @property
    def story(self) -> Story:
        """What was told."""
        return Story.model_validate(self.steps[TELL].result)

    @property
    def spoken_seconds(self) -> float | None:
        """How long the audio is."""
        result = self._result(SPEAK)
        return result["duration_seconds"] if result else None

    def made(self, name: str) -> Made | None:
        """What the entry keeps of this step."""
        step = self.steps.get(name)
        return step.made if step else None

    def translation(self, text: str) -> list[str]:
        """Of each sentence, from what the translator made of all; empty for one that it left as it was.

        Raises:
            ValueError: it has other lines than the story.
        """
        left = (self._result(TRANSLATE) or {}).get("left", [])
        kept = {number for one in left for number in range(one["first"], one["last"] + 1)}
        lines = zip(self.story.lines.split("\n"), text.split("\n"), strict=True)
        return ["" if at in kept else to.strip() for at, (line, to) in enumerate(lines, start=1) if line]

    def _result(self, name: str) -> dict[str, Any] | None:
        step = self.steps.get(name)
        return step.result if step else None


def _is_done(name: str, step: Step) -> bool:
    """Also where a person left it out: the entry is complete without what it would have made. But none is untold.

    So it is without a grammar where that of the language is not known, which is all that is ever invalid there: to try
    again would not help, and nobody can know beforehand what the workers have.
    """
    if name == ANNOTATE and step.state == State.FAILED and step.error:
        return bool(step.error["code"] == InvalidError.code)
    return step.state == State.SUCCEEDED or (step.state == State.SKIPPED and name != TELL)


async def look(session: AsyncSession, batch_id: UUID, *, held: bool = False) -> Outcome:
    """How the jobs of this batch ended; their outputs are ``held`` against deletion until the commit.

    Raises:
        InputMissingError: they were deleted.
    """
    names = await session.scalar(select(Batch.names).where(Batch.id == batch_id))
    jobs = select(Job).where(Job.parent_id == batch_id).execution_options(populate_existing=True)
    found = {job.id: job for job in await session.scalars(jobs)}
    if names is None or not found:
        raise InputMissingError("its jobs were deleted before what they made was written down")
    outputs = select(Output).where(Output.job_id.in_(found), Output.name.in_(_MADE.values()))
    rows = await session.scalars(outputs.with_for_update(read=True) if held else outputs)
    made = {row.job_id: Made(row.name, row.sha256, row.size_bytes, row.media_type) for row in rows}
    named = {name: found[UUID(job_id)] for name, job_id in names.items()}
    return Outcome({name: Step(job.state, job.result, job.error, made.get(job.id)) for name, job in named.items()})
