"""What a story remembers: a line of each late entry, and of the early ones what a model condensed them to."""

from __future__ import annotations

from playhead.condensing import Asker
from playhead.condensing.forms import Gist
from playhead.condensing.merging import Merger
from playhead.story import Memory

MOST_LATELY = 8
FOLDED = 4
"""Lines that are condensed at a time."""


def remembered(memory: Memory, choice: str | None, happened: str) -> Memory:
    """The same with one entry more: what was chosen before it, in the words of the choice, and what happened."""
    line = f"{choice} {happened}" if choice else happened
    return memory.model_copy(update={"lately": [*memory.lately, line]})


async def condensed(asker: Asker, memory: Memory) -> Memory:
    """The same within bounds: where there are too many lines, the oldest become part of what happened long ago.

    Raises:
        TooLongError, AnswerInvalidError, WriterUnavailableError, ModelUnavailableError, InvalidError: as
            :meth:`playhead.condensing.Asker.ask`.
    """
    if len(memory.lately) <= MOST_LATELY:
        return memory
    oldest, rest = memory.lately[:FOLDED], memory.lately[FOLDED:]
    merger = Merger(asker, asker.wishes.sizes.within(asker.writer.context_tokens // 3))
    before = Gist(title="Before", summary=memory.early, key_points=[])
    gist = await merger.merge([before, Gist(title="Then", summary="", key_points=oldest)])
    return Memory(early=" ".join([gist.summary, *gist.key_points]), lately=rest)
