"""What is asked for one window of passages, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Question:
    """Some passages to be rewritten.

    Attributes:
        passages: by their numbers, in order.
        before, after: passages around them, which are only to be understood.
        complaint: what was wrong with the answer before; None when they are asked for the first time.
    """

    passages: Mapping[int, str]
    before: Sequence[str] = ()
    after: Sequence[str] = ()
    complaint: str | None = None


@dataclass(frozen=True)
class Asked:
    """An answer as it came: numbers and texts, believed by nobody yet.

    Attributes:
        model: what wrote it.
        cut: numbers of those that are as long as an answer may be, and so are likely not all of it.
    """

    passages: Sequence[tuple[int, str]]
    model: str
    cut: frozenset[int] = frozenset()


class Ask(Protocol):
    """A way to have passages rewritten."""

    @property
    def most(self) -> int:
        """Passages that may be asked for at once."""
        ...

    @property
    def tries(self) -> int:
        """How often passages are asked for whose answers are refused."""
        ...

    @property
    def joint(self) -> bool:
        """Whether one answer is written for all passages together, so that words may move from one to another."""
        ...

    @property
    def room(self) -> int:
        """Sum of the :meth:`cost` of the passages that may be asked for at once."""
        ...

    @property
    def limit(self) -> int:
        """The :meth:`cost` of a passage that can be asked for at all: not less than the room."""
        ...

    def cost(self, text: str) -> int:
        """What asking for a passage takes of the room; of a text no more than of its parts together."""
        ...

    async def ask(self, question: Question) -> Asked:
        """Have the passages of a question rewritten.

        Raises:
            TooLongError: they are too many or too long for one question.
            AnswerInvalidError: there was an answer, but none that could be read.
        """
        ...
