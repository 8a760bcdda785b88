from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest_asyncio
from pydantic import BaseModel, ConfigDict, Field

from playhead.engines import WritingOptions, Written
from playhead.settings import LLMSettings
from tests.llm.faulty import Faulty
from worker.engines.writer.server import ServerWriter

Make = Callable[..., ServerWriter]


class Verdict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    clear: bool
    reasons: list[str] = Field(default=[], max_length=3)


GOOD = '{"clear": true, "reasons": ["the sun"]}'
VERDICT = Verdict(clear=True, reasons=["the sun"])


@pytest_asyncio.fixture(loop_scope="session")
async def make() -> AsyncIterator[Make]:
    """Writers that ask a scripted server, and wait for next to nothing."""
    made: list[ServerWriter] = []

    def one(server: Faulty | str, **changes: Any) -> ServerWriter:
        url = server if isinstance(server, str) else server.url
        quick = {"base_url": url, "model": "served", "retry_base_seconds": 0.001, "silence_seconds": 30}
        made.append(ServerWriter(LLMSettings.model_validate(quick | changes)))
        return made[-1]

    yield one
    for writer in made:
        await writer.close()


async def ask(writer: ServerWriter, text: str = "It is fine.", model: str | None = None) -> Written[Verdict]:
    return await writer.write("Judge.", text, Verdict, WritingOptions(model=model))
