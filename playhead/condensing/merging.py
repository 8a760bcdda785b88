"""Reduce: the gists of many parts become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playhead.condensing.forms import Gist, gist_form
from playhead.condensing.sizes import SPARE_TOKENS, Sizes
from playhead.condensing.wishes import MATERIAL, Wishes
from playhead.errors import TooLongError
from playhead.kind import Context

INSTRUCTIONS = """\
You get notes of the consecutive parts of one recording or text, and make one summary of the whole. {material}
Say only what the notes say; do not mention parts or notes.
- title: what the whole is about, in a few words.
- summary: what it says, in whole sentences; at most {words} words.
- key_points: what matters most; at most {points}, a sentence each, none twice.
{wishes}"""


@dataclass(frozen=True)
class Merger:
    """Merges gists within the model's context."""

    ctx: Context
    wishes: Wishes
    sizes: Sizes

    async def merge(self, gists: Sequence[Gist]) -> Gist:
        """One gist of all. Neighbours are merged first where not all of them fit at once.

        Raises:
            TooLongError: not even two of them do.
        """
        while len(gists) > 1:
            gists = [merged for batch in self._batches(gists) for merged in await self._batch(batch)]
        return gists[0]

    async def _batch(self, batch: Sequence[Gist]) -> list[Gist]:
        if len(batch) == 1:
            return list(batch)
        try:
            return [await self._once(batch)]
        except TooLongError:
            if len(batch) == 2:  # noqa: PLR2004 - nothing to halve
                raise
        middle = len(batch) // 2
        return [merged for half in (batch[:middle], batch[middle:]) for merged in await self._batch(half)]

    async def _once(self, batch: Sequence[Gist]) -> Gist:
        written = await self.ctx.engines.writer.write(
            self._instructions(),
            "\n".join(map(_said, batch)),
            gist_form(self.sizes),
            self.wishes.options,
            on_tokens=self.ctx.account,
        )
        return written.answer

    def _batches(self, gists: Sequence[Gist]) -> list[Sequence[Gist]]:
        """Neighbours that fit into a question, two at least: else there would be no end."""
        writer = self.ctx.engines.writer
        room = writer.context_tokens - writer.count_tokens(self._instructions()) - self.sizes.tokens - SPARE_TOKENS
        made: list[list[Gist]] = []
        left = 0
        for gist in gists:
            took = writer.count_tokens(_said(gist)) + 1
            if not made or (took > left and len(made[-1]) > 1):
                made.append([])
                left = room
            made[-1].append(gist)
            left -= took
        return list(made)

    def _instructions(self) -> str:
        return INSTRUCTIONS.format(
            material=MATERIAL, words=self.sizes.summary // 6, points=self.sizes.points, wishes=self.wishes.said()
        )


def _said(gist: Gist) -> str:
    points = "".join(f"\n- {point}" for point in gist.key_points)
    return f"## {gist.title}\n{gist.summary}{points}\n"
