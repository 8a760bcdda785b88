"""A theme goes in, the first entry of a story comes out; a story and a choice go in, the next entry comes out."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from playhead.document_checks import require_text
from playhead.documents import BYTE_ORDER_MARK, read_verbatim
from playhead.engines.forms import shortened
from playhead.errors import DocumentUnreadableError, InvalidError
from playhead.kind import Context, Kind
from playhead.languages import Language
from playhead.story import Choice, Level, Story
from playhead.telling import Teller

MOST_THEME, MOST_STORY = 1000, 20_000
"""Characters. A story does not grow with its entries: what is larger was not made here."""


class Params(BaseModel):
    """How the story is to be told, and how it goes on."""

    model_config = ConfigDict(extra="forbid")

    language: Language = Field(description="Language of the story, as an ISO 639-1 code.", examples=["fr"])
    level: Level = Field(
        description="Level of its readers, of the Common European Framework: the language is kept to it, and an entry "
        "has about 80 words (`A1`) to 300 (`C2`).",
    )
    choice: Choice | None = Field(
        None, description="What is done next: the number of a choice of the story that is the input. Needed with one."
    )
    instructions: str | None = Field(
        None,
        min_length=1,
        max_length=2000,
        description="What else to mind, in your own words.",
        examples=["For children. No violence."],
    )
    model: str | None = Field(None, min_length=1, max_length=200, description="Model to use instead of the server's.")


async def tell(ctx: Context, params: Params) -> Story:
    """Tell one entry, and store it as data to go on from and as a text, a sentence a line.

    Raises:
        DocumentUnreadableError: the input is neither a theme nor a story.
        InvalidError: there is a choice without a story, or a story without one.
    """
    await ctx.progress(0.0, stage="fetching")
    before = await asyncio.to_thread(_read, await ctx.input())
    await ctx.progress(0.0, stage="writing")
    story = await _told(Teller(ctx, **params.model_dump(exclude={"choice"})), before, params.choice)
    await ctx.progress(1.0, stage="storing")
    await ctx.save_output("story.json", story.model_dump_json().encode(), "application/json")
    await ctx.save_output("story.txt", story.lines.encode(), "text/plain")
    return story


KIND = Kind(
    name="tell",
    queue="llm",
    summary="A story for learners of a language, an entry at a time, with three choices of how it goes on.",
    params=Params,
    result=Story,
    run=tell,
    accepts=frozenset({"text", "story"}),
    makes=lambda _: {"story.json": "story", "story.txt": "text"},
)


def _read(path: Path) -> Story | str:
    content = read_verbatim(path).removeprefix(BYTE_ORDER_MARK).strip()
    require_text(content)
    if not content:
        raise DocumentUnreadableError("there is no theme in it")
    if not content.startswith("{"):
        return shortened(" ".join(content.split()), MOST_THEME)
    if len(content) > MOST_STORY:
        raise DocumentUnreadableError(
            f"the document is JSON of more than {MOST_STORY} characters: no story is so large"
        )
    try:
        return Story.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        told = f"the document is JSON, but no story: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise DocumentUnreadableError(told) from None


async def _told(teller: Teller, before: Story | str, choice: int | None) -> Story:
    if isinstance(before, str):
        if choice is not None:
            raise InvalidError("a story begins without a choice: leave it out", field="params.choice")
        return await teller.begin(before)
    if choice is None:
        raise InvalidError("the story goes on with one of its choices: give its number", field="params.choice")
    return await teller.go_on(before, before.choices[choice - 1])
