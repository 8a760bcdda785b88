"""Music goes in, notes come out: as a MIDI file and as JSON."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from playhead.engines import NotationOptions, NotationStep, Note
from playhead.kind import Context, Kind
from playhead.midi import SLOWEST, midi


class Params(BaseModel):
    """What counts as a note, and how it is written down. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    onset_threshold: float = Field(
        0.5, gt=0, le=1, description="How sure the model must be that a note begins; lower finds more notes."
    )
    frame_threshold: float = Field(
        0.3, gt=0, le=1, description="How sure it must be that a note goes on; lower makes notes longer."
    )
    minimum_note_milliseconds: float = Field(127.7, ge=0, le=10_000, description="Shorter notes are dropped.")
    minimum_frequency: float | None = Field(
        None, gt=0, le=20_000, description="Hz; lower notes are not looked for, to the nearest semitone."
    )
    maximum_frequency: float | None = Field(None, gt=0, le=20_000, description="Hz; higher notes likewise.")
    tempo: float = Field(
        120,
        ge=SLOWEST,
        le=1000,
        description="Quarters a minute of the MIDI file: sets where its bars fall, not when its notes sound.",
    )

    @model_validator(mode="after")
    def _lowest_below_highest(self) -> Self:
        if self.minimum_frequency and self.maximum_frequency and self.minimum_frequency > self.maximum_frequency:
            message = "minimum_frequency is larger than maximum_frequency"
            raise ValueError(message)
        return self

    @property
    def options(self) -> NotationOptions:
        """What the notator is asked for."""
        return NotationOptions(
            onset_threshold=self.onset_threshold,
            frame_threshold=self.frame_threshold,
            minimum_note_seconds=self.minimum_note_milliseconds / 1000,
            minimum_hz=self.minimum_frequency,
            maximum_hz=self.maximum_frequency,
        )


class Result(BaseModel):
    """What was heard. The notes are in the outputs."""

    notes: int = Field(ge=0, description="How many notes there are; 0 where no music is heard.")
    lowest_pitch: int | None = Field(description="MIDI number; 60 is middle C. Null where there is no note.")
    highest_pitch: int | None
    duration_seconds: float
    model: str


class Notes(BaseModel):
    """What `notes.json` holds."""

    duration_seconds: float
    model: str
    tempo: float = Field(description="Quarters a minute of the MIDI file.")
    notes: list[Note] = Field(description="By start, then pitch.")


async def notate(ctx: Context, params: Params) -> Result:
    """Find the notes of the job's input; store them as a MIDI file and as JSON."""
    last = await _listen(ctx, params)
    await ctx.progress(1.0, stage="writing")
    notes = last.notes or []
    for name, (content, media_type) in (await asyncio.to_thread(_files, last, notes, params.tempo)).items():
        await ctx.save_output(name, content, media_type)
    pitches = [note.pitch for note in notes]
    return Result(
        notes=len(notes),
        lowest_pitch=min(pitches, default=None),
        highest_pitch=max(pitches, default=None),
        duration_seconds=last.duration_seconds,
        model=last.model,
    )


KIND = Kind(
    name="notate",
    queue="gpu",
    summary="Music to notes: a MIDI file, and note events as JSON.",
    params=Params,
    result=Result,
    run=notate,
    accepts=frozenset({"media"}),
    makes=lambda _: {"notes.mid": "midi", "notes.json": "notes"},
    cached_by=lambda _params, _settings: {},
)


async def _listen(ctx: Context, params: Params) -> NotationStep:
    """The engine's last step, which has the notes."""
    await ctx.progress(0.0, stage="fetching")
    recording = await ctx.input()
    await ctx.progress(0.0, stage="loading")
    last: NotationStep | None = None
    async with aclosing(ctx.engines.notator.notate(recording, params.options)) as steps:
        async for step in steps:
            heard = step.done_seconds - (last.done_seconds if last else 0.0)
            ctx.account(device_seconds=step.device_seconds, audio_seconds=max(0.0, heard))
            fraction = step.done_seconds / step.duration_seconds if step.duration_seconds else 1.0
            await ctx.progress(min(1.0, fraction), stage="listening")
            last = step
    if last is None or last.notes is None:
        message = "An engine ended without saying what it heard."
        raise RuntimeError(message)
    return last


def _files(heard: NotationStep, notes: list[Note], tempo: float) -> dict[str, tuple[bytes, str]]:
    told = Notes(duration_seconds=heard.duration_seconds, model=heard.model, tempo=tempo, notes=notes)
    return {
        "notes.mid": (midi(notes, tempo), "audio/midi"),
        "notes.json": (told.model_dump_json().encode(), "application/json"),
    }
