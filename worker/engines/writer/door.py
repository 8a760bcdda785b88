"""From a question to a valid answer: through which server, how often, and at what cost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

from playhead.engines.writing import A, OnTokens, Written
from playhead.errors import AnswerInvalidError, InvalidError, TooLongError, WriterUnavailableError
from playhead.settings import LLMSettings
from worker.engines.writer.answers import UnfitError, repaired, whole
from worker.engines.writer.call import AnswerEndlessError, Reply, call
from worker.engines.writer.client import key_of, make_client
from worker.engines.writer.dialect import Dialects
from worker.engines.writer.faults import FAULTS, judged, refused, said_by
from worker.engines.writer.question import Question

WARMER = 0.4
"""What an answer asked for again gains in temperature: at 0 it would be the same."""


class Door:
    """All calls of one worker go through it."""

    def __init__(self, settings: LLMSettings) -> None:
        self._settings = settings
        self._client = make_client(settings)
        self._key = key_of(settings)
        self._dialects = Dialects()
        self._slots = asyncio.Semaphore(settings.concurrency)
        self._sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def write(
        self,
        question: Question,
        form: type[A],
        on_text: Callable[[int], None] | None,
        on_tokens: OnTokens | None,
    ) -> Written[A]:
        """As :meth:`playhead.engines.Writer.write`."""
        spent = _Spent(on_tokens)
        for _ in range(self._settings.max_answers):
            try:
                reply = await self._ask(question, on_text, spent)
                answer = await _answer(reply, form)
            except (UnfitError, AnswerEndlessError) as error:
                question = replace(question, complaint=str(error), temperature=min(1, question.temperature + WARMER))
            else:
                return Written(answer, reply.model or question.model, spent.input_tokens, spent.output_tokens)
        raise AnswerInvalidError(
            f"the model {question.model!r} was asked {self._settings.max_answers} times and gave no valid answer; "
            f"of the last: {question.complaint}"
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def _ask(self, question: Question, on_text: Callable[[int], None] | None, spent: _Spent) -> Reply:
        """Ask until there is an answer, in a dialect that the server understands."""
        dialect, retries = self._dialects.of(question.model, question.form.__qualname__), 0
        while True:
            try:
                async with self._slots, asyncio.timeout(self._settings.timeout_seconds):
                    reply = await call(self._client, question.request(dialect), on_text, spent.add)
            except FAULTS as error:
                fault = judged(error, question, self._key)
                lesser = dialect.without(said_by(error)) if refused(error) else None
                if isinstance(fault, TooLongError) or (
                    lesser is None and not isinstance(fault, WriterUnavailableError)
                ):
                    raise fault from None
                if lesser is None:
                    await self._wait(fault, retries)
                    retries += 1
                dialect = lesser or dialect
            else:
                self._dialects.keep(question.model, question.form.__qualname__, dialect)
                return reply

    async def _wait(self, fault: Exception, retries: int) -> None:
        """Wait until the next try, with full jitter; raise the fault where there is none."""
        settings = self._settings
        after = fault.retry_after_seconds if isinstance(fault, WriterUnavailableError) else None
        if retries >= settings.max_retries or (after or 0) > settings.retry_cap_seconds:
            raise fault
        bound = min(settings.retry_cap_seconds, settings.retry_base_seconds * 2**retries)
        await self._sleep(random.uniform(0, bound) if after is None else after)  # noqa: S311 - spreads load


async def _answer(reply: Reply, form: type[A]) -> A:
    # Large answers take long to check and longer to repair.
    text = reply.text
    if (answer := await asyncio.to_thread(whole, text, form)) is not None:
        return answer
    if reply.finish == "length":
        raise TooLongError(
            "the answer was cut where the context or its longest length ended: split the text, or raise "
            "PLAYHEAD_LLM__ANSWER_TOKENS or PLAYHEAD_LLM__CONTEXT_TOKENS if the model holds more"
        )
    if reply.finish == "content_filter":
        raise InvalidError("the language model's server withheld the answer: its content filter forbids it")
    return await asyncio.to_thread(repaired, text, form)


class _Spent:
    """Tokens of all calls made for one question."""

    def __init__(self, on_tokens: OnTokens | None) -> None:
        self._on_tokens = on_tokens
        self.input_tokens = 0
        self.output_tokens = 0

    def add(self, input_tokens: int, output_tokens: int) -> None:
        """Of one more call."""
        self.input_tokens += input_tokens
        self.output_tokens += output_tokens
        if self._on_tokens:
            self._on_tokens(input_tokens=input_tokens, output_tokens=output_tokens)
