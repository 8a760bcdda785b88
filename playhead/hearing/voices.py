"""Who speaks in a recording: how it is asked for, and how it is found out."""

from __future__ import annotations

import asyncio
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from playhead.engines import SpeechOptions
from playhead.hearing.work import hear
from playhead.kind import Context
from playhead.speakers import with_speakers
from playhead.transcript import Transcript


class Speakers(BaseModel):
    """How many voices there are, where somebody knows."""

    model_config = ConfigDict(extra="forbid")

    min: int | None = Field(None, ge=1, le=9, description="At least so many, as far as they can be told apart.")
    max: int | None = Field(None, ge=1, le=100, description="No more than so many.")

    @model_validator(mode="after")
    def _min_below_max(self) -> Self:
        if self.min and self.max and self.min > self.max:
            message = "min is larger than max"
            raise ValueError(message)
        return self


class SpeakersParams(BaseModel):
    """What a request may say of who speaks."""

    speakers: bool | Speakers = Field(
        default=False,
        description='Say who speaks when: `true`, or bounds such as `{"min": 2, "max": 4}`. Words are then timed '
        "in any case. Needs the extra `speakers` on the worker.",
    )


# Of a job's work, what comes before voices are told apart. How long that takes nobody can tell, but mostly it is less.
_HEARING = 0.9


async def hear_speakers(ctx: Context, options: SpeechOptions, speakers: bool | Speakers) -> Transcript:  # noqa: FBT001 - as the param
    """Transcribe the job's input as :func:`hear` does, and say who speaks when, if that is asked for.

    Raises:
        ModelUnavailableError: speakers are asked for, and the worker cannot tell them apart (permanent).
    """
    if not speakers:
        return await hear(ctx, options)
    ctx.engines.diarizer.require()  # Before hours of work that would come to nothing.
    transcript = await hear(ctx, options, share=_HEARING)
    await ctx.progress(_HEARING, stage="diarizing")
    bounds = Speakers() if speakers is True else speakers
    found = await ctx.engines.diarizer.diarize(await ctx.input(), minimum=bounds.min, maximum=bounds.max)
    ctx.account(device_seconds=found.device_seconds)
    return await asyncio.to_thread(with_speakers, transcript, found.turns)
