"""A writer that answers as a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from playhead.engines.writing import A, OnTokens, WritingOptions, Written
from playhead.settings import LLMSettings, Settings
from worker.engines.stubs import StubEngines
from worker.engines.stubs.writer import StubWriter


@dataclass(frozen=True)
class Asked:
    """One question."""

    instructions: str
    text: str
    form: str
    options: WritingOptions


Answer = Callable[[Asked], Awaitable[dict[str, Any] | None]]
"""What the model says to a question; None for what the stub would say."""


async def nothing_else(_: Asked) -> None:
    """Leave the answer to the stub."""


@dataclass
class ScriptedWriter:
    """A :class:`~playhead.engines.Writer` that remembers what it was asked."""

    answer: Answer = nothing_else
    context_tokens: int = 8192
    asked: list[Asked] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    def count_tokens(self, text: str) -> int:
        return self._stub.count_tokens(text)

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
        self.asked.append(question := Asked(instructions, text, form.__name__, options))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            said = await self.answer(question)
        finally:
            self.at_once -= 1
        if said is None:
            return await self._stub.write(instructions, text, form, options, on_text=on_text, on_tokens=on_tokens)
        if on_tokens:
            on_tokens(input_tokens=100, output_tokens=10)
        return Written(form.model_validate(said), "scripted", 100, 10)

    @property
    def _stub(self) -> StubWriter:
        return StubWriter(LLMSettings(context_tokens=self.context_tokens))


class ScriptedEngines(StubEngines):
    """Stubs, but for the writer."""

    def __init__(self, writer: ScriptedWriter) -> None:
        super().__init__(Settings(engines="stub"))
        self.writer = writer
