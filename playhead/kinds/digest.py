"""Several transcripts, texts or summaries become one briefing, to read in Markdown or as a web page."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from pydantic import BaseModel, ConfigDict, Field

from playhead.condensing import Asker, Length, Sources, Wishes
from playhead.condensing.briefing import Briefer, Briefing, Item, briefing_of
from playhead.errors import DocumentUnreadableError
from playhead.kind import Context, Kind
from playhead.languages import Language
from playhead.markdown import one_line, plain
from playhead.pages import page
from playhead.summary import Summary

READ = 0.9
"""How far the work is when every source is summarised."""


class Params(BaseModel):
    """How a briefing is to be written. Every field may be left out."""

    model_config = ConfigDict(extra="forbid")

    language: Language | None = Field(
        None,
        description="Language of the briefing, as an ISO 639-1 code; left out, that of the sources.",
        examples=["en"],
    )
    length: Length = Field("medium", description="How much there is of everything: `short`, `medium` or `long`.")
    instructions: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="Whom it is for, what to look for or how to write, in your own words.",
        examples=["For the board: decisions and open questions first."],
    )
    model: str | None = Field(None, min_length=1, max_length=200, description="Model to use instead of the server's.")


class Section(BaseModel):
    """What one source says."""

    source: int = Field(description="Number of the input, from 1.")
    title: str
    summary: str
    key_points: list[str]


class Digest(BaseModel):
    """One briefing of all sources."""

    title: str
    overview: str
    items: list[Item] = Field(description="The most important first, each with the numbers of the sources that say it.")
    sections: list[Section] = Field(description="Each source by itself, in the order of the inputs.")
    silent: list[int] = Field(description="Numbers of the sources that say nothing: they are left out.")
    language: str | None
    model: str


async def digest(ctx: Context, params: Params) -> Digest:
    """Summarise what is no summary yet, write one briefing of all, and store it in both forms."""
    await ctx.progress(0.0, stage="fetching")
    paths, asker = await ctx.inputs(), Asker(ctx, Wishes(**params.model_dump()))

    async def told(share: float, stage: str) -> None:
        await ctx.progress(READ * share, stage=stage)

    summaries = dict(enumerate(await Sources(asker, paths, told).summaries(), 1))
    await ctx.progress(READ, stage="merging")
    brief = await Briefer(asker).brief(_briefings(summaries))
    made = _made(brief, summaries, params.language)
    await ctx.progress(1.0, stage="writing")
    await _save(ctx, made)
    return made


def _briefings(summaries: Mapping[int, Summary | None]) -> list[Briefing]:
    said = [briefing_of(one, number) for number, one in summaries.items() if one]
    if not said:
        message = "none of the sources says anything: there is nothing to make a briefing of"
        raise DocumentUnreadableError(message, field="input")
    return said


def _made(brief: Briefing, summaries: Mapping[int, Summary | None], language: str | None) -> Digest:
    languages = {one.language for one in summaries.values() if one}
    return Digest(
        title=brief.title,
        overview=brief.overview,
        items=brief.items,
        sections=[
            Section(source=number, title=one.title, summary=one.summary, key_points=one.key_points)
            for number, one in summaries.items()
            if one
        ],
        silent=[number for number, one in summaries.items() if not one],
        language=language or (languages.pop() if len(languages) == 1 else None),
        model=brief.model,
    )


async def _save(ctx: Context, made: Digest) -> None:
    written = markdown(made)
    shown = await asyncio.to_thread(page, written, made.title, made.language)
    await ctx.save_output("digest.md", written.encode(), "text/markdown")
    await ctx.save_output("digest.html", shown.encode(), "text/html")


def markdown(made: Digest) -> str:
    """The briefing in Markdown; each item links to its sources."""
    parts = [f"# {one_line(made.title)}", plain(made.overview)]
    parts += _list(f"{one_line(item.text)}{_links(item)}" for item in made.items)
    parts.append("## Sources")
    for one in made.sections:
        parts += [f"### {one.source}. {one_line(one.title)}", plain(one.summary)]
        parts += _list(one_line(point) for point in one.key_points)
    if made.silent:
        name = "source" if len(made.silent) == 1 else "sources"
        parts.append(f"Nothing is said in {name} {', '.join(map(str, made.silent))}.")
    return "\n\n".join(parts) + "\n"


def _links(item: Item) -> str:
    return "".join(f" [{source}](#source-{source})" for source in item.sources)


def _list(items: Iterable[str]) -> list[str]:
    told = "\n".join(f"- {item}" for item in items)
    return [told] if told else []


KIND = Kind(
    name="digest",
    queue="llm",
    summary="Several transcripts, texts or summaries as one briefing, in Markdown and as a web page.",
    params=Params,
    result=Digest,
    run=digest,
    accepts=frozenset({"transcript", "subtitles", "text", "summary"}),
    makes=lambda _: {"digest.md": "text", "digest.html": "text"},
    several=True,
)
