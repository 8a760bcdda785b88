"""The gists of all windows become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playhead.condensing.asking import Asker
from playhead.condensing.forms import Gist, gist_form
from playhead.condensing.reducing import Reducer
from playhead.condensing.sizes import SPARE_TOKENS, Sizes
from playhead.condensing.wishes import MATERIAL

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

    asker: Asker
    sizes: Sizes

    async def merge(self, gists: Sequence[Gist]) -> Gist:
        """One gist of all.

        Raises:
            TooLongError: not even two of them fit into a question.
        """
        writer = self.asker.writer
        room = writer.context_tokens - writer.count_tokens(self._instructions) - self.sizes.tokens - SPARE_TOKENS
        return await Reducer(self._once, lambda gist: writer.count_tokens(_said(gist)) + 1, room).reduce(gists)

    async def _once(self, batch: Sequence[Gist]) -> Gist:
        written = await self.asker.ask(self._instructions, "\n".join(map(_said, batch)), gist_form(self.sizes))
        return written.answer

    @property
    def _instructions(self) -> str:
        return INSTRUCTIONS.format(
            material=MATERIAL, words=self.sizes.summary // 6, points=self.sizes.points, wishes=self.asker.wishes.said()
        )


def _said(gist: Gist) -> str:
    points = "".join(f"\n- {point}" for point in gist.key_points)
    return f"## {gist.title}\n{gist.summary}{points}\n"
