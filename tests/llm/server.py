"""A real small language model for the tests of a session."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.programs import ROOT

CONTEXT_TOKENS = 2048
"""What fits into the model as it is served: SmolLM2 could hold 8,192, which costs memory."""


@pytest.fixture(scope="session")
def llm_server() -> Iterator[str]:
    """The ``PLAYHEAD_LLM__BASE_URL`` of SmolLM2-135M behind llama.cpp's server, in a process of its own.

    Its content is weak: assert form, not truth. It is called ``smollm2`` and holds :data:`CONTEXT_TOKENS`.
    """
    command = [sys.executable, "-m", "tests.llm.serve", str(CONTEXT_TOKENS)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait(30)
