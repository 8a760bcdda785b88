"""The whole way from passages to a summary."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from playhead.condensing.asking import Asker
from playhead.condensing.chapters import chapters
from playhead.condensing.forms import Gist, Task
from playhead.condensing.merging import Merger
from playhead.condensing.noting import Noter, Part
from playhead.condensing.quotes import Sayings, checked
from playhead.condensing.reading import Reader, Told
from playhead.condensing.sizes import SPARE_TOKENS
from playhead.condensing.spread import spread
from playhead.condensing.windows import Window, windows
from playhead.condensing.wishes import Wishes
from playhead.documents import Document
from playhead.errors import TooLongError
from playhead.summary import ActionItem, Summary

READ = 0.9
"""How far the work is when all windows are read."""


async def condense(asker: Asker, document: Document, told: Told, source: int = 0) -> Summary:
    """Summarise a document. What was noted of a window is kept: a later attempt does not ask for it again.

    ``told`` is told how far it is, 0 to 1, and in what stage; ``source`` is the document's number among the job's.

    Raises:
        TooLongError: the model's context is too small for any window.
        AnswerInvalidError, WriterUnavailableError, ModelUnavailableError, InvalidError: as :meth:`Asker.ask`.
    """

    async def reading(share: float, stage: str) -> None:
        await told(READ * share, stage)

    sizes = asker.wishes.sizes.within(asker.writer.context_tokens // 3)
    noter = Noter(asker, sizes)
    cut = await asyncio.to_thread(_cut, document, noter)
    parts = await Reader(noter, cut, source, reading).read()
    await told(READ, "merging")
    gist = await Merger(asker, sizes).merge([part.notes for part in parts])
    return await asyncio.to_thread(_made, document, asker.wishes, parts, gist)


def _cut(document: Document, noter: Noter) -> list[Window]:
    """Windows that leave room for the answer."""
    writer = noter.asker.writer
    room = writer.context_tokens - noter.sizes.tokens - writer.count_tokens(noter.instructions) - SPARE_TOKENS
    if room < noter.sizes.tokens // 2:
        raise TooLongError("the instructions leave too little of the model's context for a text: shorten them")
    return windows(document.passages, room, writer.count_tokens)


def _made(document: Document, wishes: Wishes, parts: Sequence[Part], gist: Gist) -> Summary:
    notes, sizes, passages = [part.notes for part in parts], wishes.sizes, document.passages
    sayings = [(one.text, one.passage) for each in notes for one in each.quotes]
    quotes, dropped = checked(Sayings(passages), sayings)
    return Summary(
        title=gist.title,
        summary=gist.summary,
        key_points=gist.key_points,
        action_items=_tasks([task for each in notes for task in each.action_items]),
        chapters=chapters([one for each in notes for one in each.chapters], passages, sizes.chapters),
        quotes=spread(quotes, sizes.quotes),
        quotes_dropped=dropped,
        language=wishes.language or document.language,
        duration_seconds=max((one.end for one in passages if one.end is not None), default=None),
        windows=len(parts),
        model=parts[-1].model,
    )


def _tasks(tasks: Sequence[Task]) -> list[ActionItem]:
    """Each once. None is left out for the length of the summary: what is to do is to be done."""
    once = {task.task.casefold(): ActionItem(task=task.task, owner=task.owner or None) for task in tasks if task.task}
    return list(once.values())
