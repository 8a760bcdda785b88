"""Subtitles go in, the same subtitles come out with their words repaired: nothing but words can change."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from playhead.documents import read_verbatim
from playhead.kind import Context, Kind
from playhead.rewriting import Lengths, WriterAsk, checks, rewrite
from playhead.rewriting.left import LeftRange, ranges
from playhead.rewriting.subtitles import MEDIA_TYPES, changed_cues, formats_of, read_cues, reworded
from playhead.subtitles.blocks import Blocks, join

Term = Annotated[str, Field(min_length=1, max_length=100)]

_INSTRUCTIONS = (
    "You repair the text of subtitles that speech recognition wrote. Correct words that were misheard, names, "
    "spelling, punctuation and capital letters. Change nothing else: do not rephrase, translate, shorten, explain "
    "or censor. Keep the language that is spoken."
)
_GROWTH = 1.2
"""Tokens of an answer for each of its passage."""
_LENGTHS = Lengths(0.5, 1.6)
_CHECK = checks.first_of(checks.worded, _LENGTHS, checks.similar(0.5))


class Params(BaseModel):
    """How the words are to be repaired. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    model: str | None = Field(None, min_length=1, max_length=200, description="Language model instead of the server's.")
    instructions: str | None = Field(
        None, max_length=4000, description="What else to mind, in plain words, e.g. `Keep the dialect.`"
    )
    glossary: list[Term] = Field(
        default_factory=list,
        max_length=500,
        description="Names and terms as they are to be spelled.",
        examples=[["Marianne Dashwood", "Norland Park"]],
    )


class Result(BaseModel):
    """What was done."""

    format: Literal["srt", "vtt"]
    cues: int = Field(description="Cues of the file: as many as before.")
    changed: int = Field(description="Cues whose words are others now.")
    windows: int = Field(description="Questions that the cues were put to the model in.")
    left: list[LeftRange] = Field(description="Cues that the model gave no useful answer for; they are as they were.")
    model: str | None = Field(description="What repaired them; null where no cue has words.")


async def fix_srt(ctx: Context, params: Params) -> Result:
    """Repair the words of the job's input and store it as what it was, SRT or WebVTT.

    Numbers, times and everything else that is no words of a cue are kept byte for byte.
    """
    await ctx.progress(0.0, stage="fetching")
    before = await asyncio.to_thread(_read, await ctx.input())
    ask = WriterAsk(ctx, _instructions(params), model=params.model, growth=_GROWTH, lengths=_LENGTHS)
    made = await rewrite(ctx, [slot.text for slot in before.slots], ask, _CHECK, stage="fixing")
    after = await asyncio.to_thread(reworded, before, made.texts)
    await ctx.save_output(f"subtitles.{after.form}", join(after).encode(), MEDIA_TYPES[after.form])
    return Result(
        format=after.form,
        cues=after.cues,
        changed=changed_cues(before, after),
        windows=made.windows,
        left=ranges(made.left, [slot.cue for slot in before.slots]),
        model=made.model,
    )


KIND = Kind(
    name="fix_srt",
    queue="llm",
    summary="Subtitles repaired by a language model: words, names and punctuation; numbers and times stay.",
    params=Params,
    result=Result,
    run=fix_srt,
    accepts=frozenset({"subtitles"}),
    makes=lambda _: {"subtitles.srt": "subtitles", "subtitles.vtt": "subtitles"},
    makes_of=lambda taken: [f"subtitles.{form}" for form in formats_of(taken.name)],
    cached_by=lambda params, settings: settings.llm.deciding(params.model),
)


def _read(path: Path) -> Blocks:
    return read_cues(read_verbatim(path))


def _instructions(params: Params) -> str:
    terms = f"Names and terms are spelled: {'; '.join(params.glossary)}" if params.glossary else None
    return "\n\n".join(filter(None, [_INSTRUCTIONS, terms, params.instructions]))
