"""Which passages are asked for together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from playhead.rewriting.asking import Ask, Question

CONTEXT_PASSAGES = 3


def windows(texts: Sequence[str], numbers: Iterable[int], ask: Ask) -> Iterator[list[int]]:
    """``numbers`` (from 1), in their order, as many together as may be asked for at once; one at least."""
    window, taken = list[int](), 0
    for number in numbers:
        cost = ask.cost(texts[number - 1])
        if window and (len(window) == ask.most or taken + cost > ask.room):
            yield window
            window, taken = [], 0
        window.append(number)
        taken += cost
    if window:
        yield window


def question(texts: Sequence[str], numbers: Sequence[int], complaint: str | None = None) -> Question:
    """The question for a window, with some of what stands around it."""
    first, last = numbers[0] - 1, numbers[-1]
    return Question(
        passages={number: texts[number - 1] for number in numbers},
        before=texts[max(0, first - CONTEXT_PASSAGES) : first],
        after=texts[last : last + CONTEXT_PASSAGES],
        complaint=complaint,
    )
