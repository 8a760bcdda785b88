"""The questions of one job to the model, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from playhead.condensing.wishes import Wishes
from playhead.engines import Writer
from playhead.engines.writing import A, Written
from playhead.kind import Context

M = TypeVar("M", bound=BaseModel)

QUESTIONS_AT_ONCE = 3
"""Of one job: it may have the time, and others want their turn."""


@dataclass(frozen=True)
class Asker:
    """Asks the model on behalf of one job, however many of its documents and windows are read at a time."""

    ctx: Context
    wishes: Wishes
    _turns: asyncio.Semaphore = field(init=False, default_factory=lambda: asyncio.Semaphore(QUESTIONS_AT_ONCE))

    @property
    def writer(self) -> Writer:
        """Whoever is asked."""
        return self.ctx.engines.writer

    async def told(self, event: str, form: type[M]) -> AsyncIterator[M]:
        """What earlier attempts told by this name; not what another version of Playhead told in another form."""
        async for data in self.ctx.told(event):
            try:
                told = form.model_validate(data)
            except ValidationError:
                continue
            yield told

    async def ask(self, instructions: str, text: str, form: type[A]) -> Written[A]:
        """The answer to one question, in its turn; its tokens are the job's.

        Raises:
            TooLongError, AnswerInvalidError, WriterUnavailableError, ModelUnavailableError, InvalidError: as
                :meth:`~playhead.engines.Writer.write`.
        """
        async with self._turns:
            return await self.writer.write(instructions, text, form, self.wishes.options, on_tokens=self.ctx.account)
