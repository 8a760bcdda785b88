from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from playhead.settings import LLMSettings, Settings
from tests.kinds.memory import Memory
from tests.llm.server import CONTEXT_TOKENS
from worker.engines import make_engines


@pytest_asyncio.fixture(loop_scope="session")
async def served(llm_server: str) -> AsyncIterator[Memory]:
    """A context with a real small language model; its files are the test's to give."""
    llm = LLMSettings(base_url=llm_server, model="smollm2", context_tokens=CONTEXT_TOKENS)
    engines = make_engines(Settings(engines="real", llm=llm))
    yield Memory(engines, [])
    await engines.close()
