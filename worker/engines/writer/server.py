"""The writer that a worker holds from its start: it loads nothing before its first use."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from playhead.engines.writing import A, OnTokens, WritingOptions, Written
from playhead.errors import ModelUnavailableError
from playhead.settings import LLMSettings
from worker.engines.writer.question import Question
from worker.engines.writer.room import context_tokens, count_tokens, require_room

if TYPE_CHECKING:
    from worker.engines.writer.door import Door


class ServerWriter:
    """A :class:`~playhead.engines.Writer` whose model runs behind a server with OpenAI's chat completions."""

    def __init__(self, settings: LLMSettings) -> None:
        self._settings = settings
        self._door: asyncio.Future[Door] | None = None

    @property
    def context_tokens(self) -> int:
        """As the settings say it: most servers do not tell."""
        return context_tokens(self._settings)

    def count_tokens(self, text: str) -> int:
        """An estimate: see :mod:`worker.engines.writer.room`."""
        return count_tokens(text)

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
        """As :meth:`playhead.engines.Writer.write`."""
        model = self._model(options)
        # A question as long as a large context takes a tenth of a second to measure.
        asked = await asyncio.to_thread(lambda: count_tokens(instructions) + count_tokens(text))
        length = require_room(self._settings, asked, options.max_tokens)
        question = Question(instructions, text, form, model, length, options.temperature, named=bool(options.model))
        door = await self._opened()
        return await door.write(question, form, on_text, on_tokens)

    async def close(self) -> None:
        """Close every connection."""
        opening, self._door = self._door, None
        if opening is not None:
            await asyncio.wait([opening])
            if not opening.cancelled() and not opening.exception():
                await opening.result().close()

    def _model(self, options: WritingOptions) -> str:
        if not self._settings.base_url:
            raise ModelUnavailableError(
                "no language model is set up: set PLAYHEAD_LLM__BASE_URL on the worker to the address of a server with "
                "OpenAI's chat completions, e.g. http://127.0.0.1:11434/v1"
            )
        if not (model := options.model or self._settings.model):
            raise ModelUnavailableError(
                "no model is named: give params.model, or set PLAYHEAD_LLM__MODEL on the worker"
            )
        return model

    async def _opened(self) -> Door:
        # To load the client takes seconds of CPU and tens of megabytes, which workers without such jobs do not need.
        if self._door is None:
            self._door = asyncio.ensure_future(asyncio.to_thread(_open, self._settings))
            self._door.add_done_callback(self._forget_failed)
        return await asyncio.shield(self._door)

    def _forget_failed(self, opened: asyncio.Future[Door]) -> None:
        """What hindered one try may be gone by the next: the process is not to keep it for ever."""
        if (opened.cancelled() or opened.exception()) and self._door is opened:
            self._door = None


def _open(settings: LLMSettings) -> Door:
    from worker.engines.writer.door import Door

    return Door(settings)
