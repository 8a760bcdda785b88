"""Writing by a large language model: what is asked of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

A = TypeVar("A", bound=BaseModel)


class WritingOptions(BaseModel):
    """How a model is to write."""

    model_config = ConfigDict(frozen=True)

    model: str | None = Field(None, description="Model to use; None takes the one of the settings.")
    temperature: float = 0.0
    max_tokens: int | None = Field(None, description="Longest answer; None leaves it to the context.")


@dataclass(frozen=True)
class Written(Generic[A]):
    """An answer, and what it took.

    Attributes:
        answer: valid by the model that was asked for.
        model: name of the model that wrote it, as its server says it.
        input_tokens, output_tokens: of all calls made for it, also of those whose answers were of no use.
    """

    answer: A
    model: str
    input_tokens: int
    output_tokens: int


class OnTokens(Protocol):
    """Is told what one call took; a kind gives its ``ctx.account``."""

    def __call__(self, *, input_tokens: int, output_tokens: int) -> None:
        """Add to what was told before."""
        ...


class Writer(Protocol):
    """Text to text, in a form that is asked for."""

    @property
    def context_tokens(self) -> int:
        """What fits into the model: question and answer together."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens a text will take, at most: an estimate that errs on the safe side."""
        ...

    async def write(
        self,
        instructions: str,
        text: str,
        form: type[A],
        options: WritingOptions,
        *,
        on_text: Callable[[int], None] | None = None,
        on_tokens: OnTokens | None = None,
    ) -> Written[A]:
        """Have the model answer ``text`` under these ``instructions``, in ``form``: a model of what its JSON holds.

        The answer is valid by ``form``. Where the server cannot hold its model to a schema, the answer is repaired and
        checked here, and asked for again. A form that bounds its lists and texts bounds the answer: small models else
        write until the context is full. What a passage's number must be can be told by giving the text in lines of
        ``[12] words of passage 12``.

        ``on_text`` is told how many characters of the answer have come so far; fewer, when it is asked for again.
        ``on_tokens`` is told what each call took, also the calls of a question that fails in the end. Whoever accounts
        for those has accounted for what :class:`Written` sums up.

        Raises:
            TooLongError: question and answer do not fit into the model's context (permanent; split the text).
            AnswerInvalidError: the model gave no valid answer, asked several times (transient).
            InvalidError: the server refuses the request as it is, e.g. an unknown model (permanent).
            ModelUnavailableError: no model is set on this worker, or its server refuses the key (permanent).
            WriterUnavailableError: the server is away, overloaded or slow beyond its time (transient).
        """
        ...
