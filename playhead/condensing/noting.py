"""Map: what the model notes of each window."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel

from playhead.condensing.asking import Asker
from playhead.condensing.forms import Notes, notes_form
from playhead.condensing.sizes import Sizes
from playhead.condensing.windows import Window, halved, said
from playhead.condensing.wishes import MATERIAL
from playhead.errors import TooLongError

INSTRUCTIONS = """\
You take notes of a recording or text. Its passages come one a line, each after its number in brackets and, where that
is known, who says it (`Ann: `). {material}
Note only what the passages say.
- title: what they are about, in a few words.
- summary: what they say, in whole sentences; at most {words} words.
- key_points: what matters most; at most {points}, a sentence each.
- action_items: what somebody is to do, and who (null if nobody is named); none if there is nothing to do.
- chapters: where a new subject begins, by the number of its first passage, with a short title; at most {chapters}.
- quotes: striking words, copied exactly from one passage, with its number; at most {quotes}.
{wishes}"""

MOST_HALVINGS = 3
"""A server that says of an eighth of a window that it is too long means something else: a model that finds no end."""


class Part(BaseModel):
    """The notes of some passages.

    Attributes:
        first, last: their numbers.
    """

    first: int
    last: int
    notes: Notes
    model: str


@dataclass(frozen=True)
class Noter:
    """Takes notes of windows."""

    asker: Asker
    sizes: Sizes

    @property
    def instructions(self) -> str:
        """What the model is told to do."""
        sizes = self.sizes
        return INSTRUCTIONS.format(
            material=MATERIAL,
            words=sizes.summary // 6,
            points=sizes.points,
            chapters=sizes.chapters,
            quotes=sizes.quotes,
            wishes=self.asker.wishes.said(),
        )

    async def note(self, window: Window, halvings: int = MOST_HALVINGS) -> list[Part]:
        """Its notes; those of its halves, in their order, where the window does not fit.

        Raises:
            TooLongError: halved so often, it still does not; or it is but a line.
        """
        try:
            return [await self._note(window)]
        except TooLongError:
            if not halvings or len(halves := halved(window)) == 1:
                raise
        return [part for half in halves for part in await self.note(half, halvings - 1)]

    async def _note(self, window: Window) -> Part:
        first, last = window[0].number, window[-1].number
        form = notes_form(self.sizes, first, last)
        written = await self.asker.ask(self.instructions, said(window), form)
        return Part(first=first, last=last, notes=written.answer, model=written.model)
