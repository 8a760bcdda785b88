"""A real small language model for the tests of a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.language_model import served

CONTEXT_TOKENS = 2048
"""What fits into the model as it is served: SmolLM2 could hold 8,192, which costs memory."""


@pytest.fixture(scope="session")
def llm_server() -> Iterator[str]:
    """The ``PLAYHEAD_LLM__BASE_URL`` of SmolLM2-135M behind llama.cpp's server, in a process of its own.

    Its content is weak: assert form, not truth. It is called ``smollm2`` and holds :data:`CONTEXT_TOKENS`.
    """
    with served(CONTEXT_TOKENS) as url:
        yield url
