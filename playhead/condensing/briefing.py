"""Several summaries become one briefing that says of each item whose it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, create_model

from playhead.condensing.asking import Asker
from playhead.condensing.reducing import Reducer
from playhead.condensing.sizes import POINT, SPARE_TOKENS, TITLE, Sizes
from playhead.condensing.wishes import MATERIAL
from playhead.engines.forms import line, prose, some
from playhead.summary import Summary

INSTRUCTIONS = """\
You write one briefing from the summaries of several sources. {material}
Each title and each item ends with the numbers of its sources in brackets. Say only what the summaries say.
- title: what the briefing is about, in a few words.
- overview: what the sources say together, where they agree and where not, in whole sentences; at most {words} words.
- items: what a reader must know, most important first; at most {points}, a sentence each, none twice; sources: the
  numbers of the sources that say it.
{wishes}"""
MOST_SOURCES = 5
_IN_TEXT = re.compile(r"\s*\[(\d{1,4}(?:, *\d{1,4})*)\]$")


class Item(BaseModel):
    """Something to know, and the numbers of the sources that say it, from 1."""

    model_config = ConfigDict(frozen=True)

    text: str
    sources: list[int]


class Brief(BaseModel):
    """What some sources say."""

    model_config = ConfigDict(frozen=True)

    title: str
    overview: str
    items: list[Item]


class Briefing(Brief):
    """The same, with the numbers of all its sources and the model that wrote it."""

    about: frozenset[int]
    model: str


def briefing_of(summary: Summary, source: int) -> Briefing:
    """A summary, as the briefing of one source."""
    items = [Item(text=point, sources=[source]) for point in summary.key_points]
    about = frozenset({source})
    return Briefing(title=summary.title, overview=summary.summary, items=items, about=about, model=summary.model)


@dataclass(frozen=True)
class Briefer:
    """Makes one briefing of several."""

    asker: Asker

    async def brief(self, briefings: Sequence[Briefing]) -> Briefing:
        """The briefing of all.

        Raises:
            TooLongError: not even two of them fit into a question.
        """
        writer = self.asker.writer
        room = writer.context_tokens - writer.count_tokens(self._instructions) - self._sizes.tokens - SPARE_TOKENS
        return await Reducer(self._once, lambda one: writer.count_tokens(_said(one)) + 1, room).reduce(briefings)

    async def _once(self, batch: Sequence[Briefing]) -> Briefing:
        text = "\n".join(map(_said, batch))
        written = await self.asker.ask(self._instructions, text, _form(self._sizes))
        brief, about = written.answer, frozenset[int]().union(*(one.about for one in batch))
        items = [_attributed(item, about) for item in brief.items if item.text]
        return Briefing(title=brief.title, overview=brief.overview, items=items, about=about, model=written.model)

    @property
    def _sizes(self) -> Sizes:
        return self.asker.wishes.sizes.within(self.asker.writer.context_tokens // 3)

    @property
    def _instructions(self) -> str:
        return INSTRUCTIONS.format(
            material=MATERIAL,
            words=self._sizes.summary // 6,
            points=self._sizes.points,
            wishes=self.asker.wishes.said(),
        )


def _form(sizes: Sizes) -> type[Brief]:
    item = create_model("Item", __base__=Item, text=(line(POINT), ...), sources=(some(int, MOST_SOURCES), ...))
    return create_model(
        "Brief",
        __base__=Brief,
        title=(line(TITLE), ...),
        overview=(prose(sizes.summary), ...),
        items=(some(item, sizes.points), ...),
    )


def _attributed(item: Item, known: frozenset[int]) -> Item:
    """The item with those of its sources that were among them: a model may name others, or name them in the text."""
    text, named = item.text, list(item.sources)
    if found := _IN_TEXT.search(text):
        text, named = text[: found.start()], [*named, *map(int, found[1].split(","))]
    return Item(text=text, sources=sorted(known.intersection(named)))


def _said(briefing: Briefing) -> str:
    items = "".join(f"\n- {item.text} {item.sources}" for item in briefing.items)
    return f"## {briefing.title} {sorted(briefing.about)}\n{briefing.overview}{items}\n"
