"""How much of each thing a summary holds, and how much of it fits into an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from playhead.errors import TooLongError

Length = Literal["short", "medium", "long"]

CHARACTERS_A_TOKEN = 3
"""At least, in what a model writes; as :meth:`~playhead.engines.Writer.count_tokens` reckons for letters."""
FRAME = 1.3
"""What the JSON around the texts adds to them."""
SPARE_TOKENS = 64
"""What the template of a chat takes of the context."""
TITLE, POINT, TASK, OWNER, CHAPTER, QUOTE = 80, 160, 120, 40, 60, 200
"""Most characters of each."""


@dataclass(frozen=True)
class Sizes:
    """The most of each: characters of the summary, and numbers of the others."""

    summary: int
    points: int
    tasks: int
    chapters: int
    quotes: int

    @property
    def characters(self) -> int:
        """Of an answer that holds the most of all."""
        listed = self.points * POINT + self.tasks * (TASK + OWNER) + self.chapters * CHAPTER + self.quotes * QUOTE
        return int(FRAME * (TITLE + self.summary + listed))

    @property
    def tokens(self) -> int:
        """The same in tokens, at most."""
        return -(-self.characters // CHARACTERS_A_TOKEN)

    def scaled(self, share: float) -> Sizes:
        """So much of it, and some of each."""
        return Sizes(
            summary=max(160, int(self.summary * share)),
            points=max(1, int(self.points * share)),
            tasks=max(1, int(self.tasks * share)),
            chapters=max(1, int(self.chapters * share)),
            quotes=max(1, int(self.quotes * share)),
        )

    def within(self, tokens: int) -> Sizes:
        """What of it fits into an answer of so many tokens.

        Raises:
            TooLongError: not even one of each.
        """
        for tenths in range(10, -1, -1):
            if (made := self.scaled(tenths / 10)).tokens <= tokens:
                return made
        raise TooLongError(f"no summary fits into an answer of {tokens} tokens: the model needs a larger context")


SIZES: dict[Length, Sizes] = {
    "short": Sizes(summary=500, points=5, tasks=5, chapters=5, quotes=2),
    "medium": Sizes(summary=1200, points=8, tasks=8, chapters=10, quotes=5),
    "long": Sizes(summary=2400, points=16, tasks=12, chapters=20, quotes=8),
}
