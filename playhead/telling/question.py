"""What is asked about a story, within what there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from playhead.languages import join_segments
from playhead.story import Memory, Story

BEGINNING = "So far: nothing.\nNow: the first entry. Say who it is about, where they are, and what begins."


def beginning(theme: str) -> str:
    """For the first entry."""
    return f"Theme: {theme}\n{BEGINNING}"


def going_on(story: Story, memory: Memory, choice: str, fits: Callable[[str], bool]) -> str:
    """For the next one: all that is remembered, as far as it ``fits``; if nothing does, the least of it.

    What is left out first are the oldest lines, then what happened long ago, then the first sentences of the entry.
    """
    asked = ""
    for remembered, sentences in _ever_less(memory, story.sentences):
        text = join_segments(sentences, story.language)
        asked = _asked(story.theme, remembered, f"The last entry, {story.title}:\n{text}", choice)
        if fits(asked):
            break
    return asked


def _ever_less(memory: Memory, sentences: list[str]) -> Iterator[tuple[Memory, list[str]]]:
    for place in range(len(memory.lately) + 1):
        yield Memory(early=memory.early, lately=memory.lately[place:]), sentences
    for place in range(len(sentences)):
        yield Memory(), sentences[place:]


def _asked(theme: str, memory: Memory, last: str, choice: str) -> str:
    lately = "\n".join(["What happened then:", *(f"- {line}" for line in memory.lately)]) if memory.lately else ""
    early = f"What happened long ago: {memory.early}" if memory.early else ""
    return "\n\n".join(filter(None, [f"Theme: {theme}", early, lately, last, f"The reader chose: {choice}"]))
