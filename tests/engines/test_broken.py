"""Broken media through the real engine: each ends in a clear error, and the engine never notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from playhead.engines import Engines, SpeechInfo, SpeechOptions, SpeechStep
from playhead.errors import MediaUnreadableError, MediaWithoutAudioError, PlayheadError
from tests.engines.broken import broken_media, damaged_media
from worker.engines.transcriber import SpeechTranscriber

pytestmark = pytest.mark.models


async def _outcome(engines: Engines, path: Path) -> PlayheadError | str:
    """The error that a recording ends in, or its text."""
    try:
        parts = [part async for part in engines.transcriber.transcribe(path, SpeechOptions(temperature=0))]
    except PlayheadError as error:
        return error
    assert isinstance(parts[0], SpeechInfo)
    return " ".join(one.text for part in parts if isinstance(part, SpeechStep) for one in part.segments)


async def test_a_hundred_broken_files_leave_the_engine_alive(real_engines: Engines, tmp_path: Path) -> None:
    transcriber = real_engines.transcriber
    assert isinstance(transcriber, SpeechTranscriber)
    path = tmp_path / "input"
    pids, unexpected = set(), {}
    for name, content in broken_media():
        path.write_bytes(content)
        outcome = await _outcome(real_engines, path)
        pids.add(transcriber.pid)
        if not isinstance(outcome, MediaUnreadableError | MediaWithoutAudioError):
            unexpected[name] = outcome

    assert unexpected == {}
    assert len(pids) == 1


@pytest.mark.parametrize("name", ["damaged-in-the-middle.mp3", "cut-off-late.ogg", "renamed-mp4.txt"])
async def test_damaged_recordings_speak_still(real_engines: Engines, tmp_path: Path, name: str) -> None:
    path = tmp_path / "input"
    path.write_bytes(dict(damaged_media())[name])

    outcome = await _outcome(real_engines, path)

    assert isinstance(outcome, str)
    assert "Dashwood" in outcome
