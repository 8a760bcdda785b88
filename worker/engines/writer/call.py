"""One call of the model: its answer as it streams in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from openai import AsyncOpenAI

from playhead.errors import WriterUnavailableError
from worker.engines.writer.room import count_tokens

MOST_TOKENS = 1_000_000_000
"""More than any call takes."""


class StreamCutError(Exception):
    """The answer ended before its end, or its stream could not be read."""


class AnswerEndlessError(Exception):
    """More came than an answer may hold."""


@dataclass
class Reply:
    """What has come of an answer.

    Attributes:
        finish: why the model ended: `stop`, `length`, `content_filter`; None as long as it did not.
        tokens: of question and answer, as the server counts them; None where it does not.
    """

    parts: list[str] = field(default_factory=list)
    characters: int = 0
    model: str = ""
    finish: str | None = None
    tokens: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)

    def take(self, chunk: Any) -> None:
        """Add what a chunk holds. Nothing of its shape is certain: the client does not check it."""
        model = getattr(chunk, "model", None)
        self.model = model if isinstance(model, str) and model else self.model
        usage = getattr(chunk, "usage", None)
        asked, answered = getattr(usage, "prompt_tokens", None), getattr(usage, "completion_tokens", None)
        if _plausible(asked) and _plausible(answered):
            self.tokens = asked, answered
        choices = getattr(chunk, "choices", None)
        for choice in choices[:1] if isinstance(choices, list) else []:
            self._choose(choice)

    def _choose(self, choice: Any) -> None:
        content = getattr(getattr(choice, "delta", None), "content", None)
        if isinstance(content, str):
            self.parts.append(content)
            self.characters += len(content)
        finish = getattr(choice, "finish_reason", None)
        self.finish = finish if isinstance(finish, str) else self.finish

    def spent(self, body: dict[str, Any]) -> tuple[int, int]:
        """Tokens of question and answer; an estimate where the server counts none."""
        if self.tokens is not None:
            return self.tokens
        return sum(count_tokens(message["content"]) for message in body["messages"]), count_tokens(self.text)


def _plausible(tokens: object) -> TypeGuard[int]:
    """The ledger keeps no number of any size, and a job is to end all the same."""
    return isinstance(tokens, int) and 0 <= tokens <= MOST_TOKENS


async def call(
    client: AsyncOpenAI,
    body: dict[str, Any],
    on_text: Callable[[int], None] | None,
    on_tokens: Callable[[int, int], None],
) -> Reply:
    """Ask once.

    Raises:
        StreamCutError: the answer did not come to its end.
        WriterUnavailableError: whatever answered is no language model.
        AnswerEndlessError: it is too large.
        openai.APIError: the server refused, failed or is away.
    """
    reply = Reply()
    async with await client.chat.completions.create(**body, stream=True) as stream:
        _require_stream(stream.response.headers.get("content-type", ""))
        try:
            async for chunk in stream:
                reply.take(chunk)
                if on_text:
                    on_text(reply.characters)
        except (ValueError, RecursionError) as error:
            raise StreamCutError(f"its stream could not be read: {error}") from None
        finally:
            on_tokens(*reply.spent(body))
    if reply.finish is None:
        raise StreamCutError("its stream ended before the answer did")
    return reply


def _require_stream(media_type: str) -> None:
    if not media_type.lower().startswith("text/event-stream"):
        raise WriterUnavailableError(
            f"the language model's server answers with {media_type[:100] or 'nothing'} where a stream is due: "
            "see whether PLAYHEAD_LLM__BASE_URL is the address of its API (it usually ends in /v1)"
        )
