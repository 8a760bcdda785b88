"""A language model that answers numbered passages as a test wants."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from playhead.engines.writing import A, OnTokens, WritingOptions, Written
from playhead.errors import AnswerInvalidError
from playhead.settings import LLMSettings, Settings
from worker.engines.stubs import StubEngines
from worker.engines.stubs.writer import StubWriter

Answer = Callable[[dict[int, str]], Iterable[tuple[Any, Any]]]


class Answering(StubWriter):
    """Calls are kept: instructions, text and passages. Each takes 100 tokens in and 10 out.

    Attributes:
        enforces: whether texts are cut where the schema has them end, as by a server that holds its model to it.
    """

    enforces = False

    def __init__(self, settings: LLMSettings, answer: Answer) -> None:
        super().__init__(settings)
        self.answer = answer
        self.calls: list[tuple[str, str, dict[int, str]]] = []

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
        del on_text
        asked = {int(number): words for number, words in re.findall(r"^\[(\d+)\] (.*)$", text, re.MULTILINE)}
        self.calls.append((instructions, text, asked))
        await asyncio.sleep(0)
        if on_tokens:
            on_tokens(input_tokens=100, output_tokens=10)
        most = _most_characters(form) if self.enforces else None
        passages = [{"number": number, "text": words[:most]} for number, words in self.answer(asked)]
        try:
            answer = form.model_validate({"passages": passages})
        except ValidationError as error:
            raise AnswerInvalidError(f"no valid answer: {error.title}") from None
        return Written(answer, options.model or "scripted", 100, 10)


def _most_characters(form: type[BaseModel]) -> int:
    (passage,) = form.model_json_schema()["$defs"].values()
    return int(passage["properties"]["text"]["maxLength"])


class AnsweringEngines(StubEngines):
    def __init__(self, answer: Answer, **settings: Any) -> None:
        llm = LLMSettings(**settings)
        super().__init__(Settings(engines="stub", llm=llm))
        self.writer: Answering = Answering(llm, answer)
