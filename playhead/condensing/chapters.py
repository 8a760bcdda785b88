"""Chapters in their order, from where a model says that subjects begin."""

from __future__ import annotations

from collections.abc import Sequence

from playhead.condensing.forms import Heading
from playhead.condensing.spread import spread
from playhead.documents import Passage
from playhead.summary import Chapter


def chapters(headings: Sequence[Heading], passages: Sequence[Passage], most: int) -> list[Chapter]:
    """So many chapters at most, by start: the first from the beginning on, each up to the next.

    Of headings for one passage the first counts; where there are too many, some at even distances stay.
    """
    last = len(passages) - 1
    titles: dict[int, str] = {}
    for heading in headings:
        if title := heading.title.strip():
            titles.setdefault(min(max(heading.passage, 0), last), title)
    kept = spread(sorted(titles), most)
    starts = [0, *kept[1:]] if kept else []
    ends = [*(start - 1 for start in starts[1:]), last]
    return [
        Chapter(title=titles[named], start=passages[start].start, end=_end(passages, start, end), passage=start)
        for named, start, end in zip(kept, starts, ends, strict=False)
    ]


def _end(passages: Sequence[Passage], first: int, last: int) -> float | None:
    return max((one.end for one in passages[first : last + 1] if one.end is not None), default=None)
