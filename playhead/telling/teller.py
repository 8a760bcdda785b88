"""Whoever tells a story: asks for its entries, one by one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property

from playhead.condensing import Asker, Wishes
from playhead.condensing.sizes import SPARE_TOKENS
from playhead.condensing.wishes import MATERIAL
from playhead.engines import Writer, WritingOptions
from playhead.engines.writing import Written
from playhead.kind import Context
from playhead.languages import name_of
from playhead.story import CHOICES, Level, Memory, Story
from playhead.telling.forms import Entry, entry_form, entry_tokens
from playhead.telling.levels import MANNERS
from playhead.telling.memory import condensed, remembered
from playhead.telling.question import beginning, going_on

INSTRUCTIONS = """\
You write an adventure for people who learn {language}: all of it in {language}, at level {level} of the CEFR, that is
{manner}.
You get its theme, what happened so far, and what the reader chose to do. {material}
- title: of the next entry, a few words.
- text: the next entry, about {words} words in whole sentences. It tells what comes of the choice, contradicts nothing
  that happened, and ends where somebody must decide.
- choices: {choices} different things that may be done then, a short sentence each.
- happened: one sentence to remember this entry by, with its names, places and things."""
TEMPERATURE = 0.8
"""Neither two stories with one theme nor two tries at an entry should be the same."""
CONTEXT_A_WORD = 10
"""Tokens of the context for each word of an entry: most of a small one is for the question."""
REMEMBER = "Keep names, places, things, promises, and what was decided."


@dataclass(frozen=True)
class Teller:
    """Tells one entry, for one job. Its methods raise what :meth:`playhead.engines.Writer.write` does."""

    ctx: Context
    language: str
    level: Level
    model: str | None = None
    instructions: str | None = None

    async def begin(self, theme: str) -> Story:
        """The first entry of a story about this."""
        written = await self._ask(beginning(theme))
        return self._made(written, 1, theme, remembered(Memory(), None, written.answer.happened))

    async def go_on(self, story: Story, choice: str) -> Story:
        """The next entry, after a choice of the last one in its words."""
        memory = await condensed(self._asker, story.memory)
        # A story from elsewhere may have as many sentences as characters: not on the event loop.
        question = await asyncio.to_thread(going_on, story, memory, choice, self._fits)
        written = await self._ask(question)
        memory = remembered(memory, choice, written.answer.happened)
        return self._made(written, story.number + 1, story.theme, memory)

    def _made(self, written: Written[Entry], number: int, theme: str, memory: Memory) -> Story:
        entry, told = written.answer, {"language": self.language, "level": self.level, "model": written.model}
        return Story(
            number=number,
            theme=theme,
            title=entry.title,
            paragraphs=entry.paragraphs,
            choices=entry.choices,
            memory=memory,
            **told,
        )

    async def _ask(self, question: str) -> Written[Entry]:
        options = WritingOptions(model=self.model, temperature=TEMPERATURE)
        form = entry_form(self._words)
        return await self._writer.write(self._instructions, question, form, options, on_tokens=self.ctx.account)

    def _fits(self, question: str) -> bool:
        return self._writer.count_tokens(question) <= self._room

    @cached_property
    def _room(self) -> int:
        """Tokens that a question may take: asked for again and again, while one is made to fit."""
        taken = self._writer.count_tokens(self._instructions) + entry_tokens(self._words) + SPARE_TOKENS
        return self._writer.context_tokens - taken

    @property
    def _writer(self) -> Writer:
        return self.ctx.engines.writer

    @property
    def _asker(self) -> Asker:
        return Asker(self.ctx, Wishes("short", self.language, REMEMBER, self.model))

    @property
    def _words(self) -> int:
        return min(MANNERS[self.level].words, self._writer.context_tokens // CONTEXT_A_WORD)

    @property
    def _instructions(self) -> str:
        said = INSTRUCTIONS.format(
            language=name_of(self.language),
            level=self.level,
            manner=MANNERS[self.level].said,
            material=MATERIAL,
            words=self._words,
            choices=CHOICES,
        )
        return f"{said}\nAbove all: {self.instructions.strip()}" if self.instructions else said
