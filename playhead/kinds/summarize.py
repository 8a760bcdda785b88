"""A transcript, subtitles or a text in short: summary, chapters, key points, action items, quotes."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, Field

from playhead.condensing import Asker, Length, Wishes, condense
from playhead.documents import read_document
from playhead.kind import Context, Kind
from playhead.languages import Language
from playhead.summary import Summary
from playhead.summary_markdown import markdown


class Params(BaseModel):
    """How a text is to be summarised. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(
        None, description="Language of the summary, as an ISO 639-1 code; left out, that of the text.", examples=["en"]
    )
    length: Length = Field(
        "medium",
        description="How much there is of everything: `short` about 80 words and 5 chapters, `long` 400 and 20.",
    )
    instructions: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="What to look for or how to write, in your own words.",
        examples=["For people who missed the meeting. Name who decided what."],
    )
    model: str | None = Field(None, min_length=1, max_length=200, description="Model to use instead of the server's.")


async def summarize(ctx: Context, params: Params) -> Summary:
    """Read the input in windows, merge what was noted, check what can be checked, and store it in both forms."""
    await ctx.progress(0.0, stage="fetching")
    document = await asyncio.to_thread(read_document, await ctx.input())

    async def told(share: float, stage: str) -> None:
        await ctx.progress(share, stage=stage)

    summary = await condense(Asker(ctx, Wishes(**params.model_dump())), document, told)
    await ctx.progress(1.0, stage="writing")
    await ctx.save_output("summary.json", summary.model_dump_json().encode(), "application/json")
    await ctx.save_output("summary.md", markdown(summary).encode(), "text/markdown")
    return summary


KIND = Kind(
    name="summarize",
    queue="llm",
    summary="A transcript, subtitles or a text in short: summary, chapters, key points, action items, quotes.",
    params=Params,
    result=Summary,
    run=summarize,
    accepts=frozenset({"transcript", "subtitles", "text"}),
    makes=lambda _: {"summary.json": "summary", "summary.md": "text"},
    cached_by=lambda params, settings: settings.llm.deciding(params.model),
)
