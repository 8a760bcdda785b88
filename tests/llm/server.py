"""A real small language model for the tests of a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.language_model import served
from demo.models import CONTEXT_TOKENS


@pytest.fixture(scope="session")
def llm_server() -> Iterator[str]:
    """The ``PLAYHEAD_LLM__BASE_URL`` of SmolLM2-135M behind llama.cpp's server, in a process of its own.

    Its content is weak: assert form, not truth. It is called ``smollm2`` and holds :data:`demo.models.CONTEXT_TOKENS`.
    """
    with served(CONTEXT_TOKENS) as url:
        yield url
