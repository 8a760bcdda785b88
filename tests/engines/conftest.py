from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from playhead.engines import Engines
from playhead.settings import Settings, StubSettings
from worker.engines import make_engines

MEDIA = Path(__file__).parent.parent / "media"


@pytest.fixture
def speech() -> Path:
    """About seven seconds of an English audiobook."""
    return MEDIA / "sense-and-sensibility-0870.flac"


@pytest_asyncio.fixture(loop_scope="session")
async def stub_engines(tmp_path: Path) -> AsyncIterator[Engines]:
    engines = make_engines(Settings(engines="stub", data_dir=tmp_path, stub=StubSettings(segments=4)))
    yield engines
    await engines.close()
