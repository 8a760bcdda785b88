"""Music through HTTP and a real worker process, with the real model."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import mido
import pytest

from tests.kinds.midis import notes_of

if TYPE_CHECKING:
    from tests.acceptance.conftest import Stack

MUSIC = Path(__file__).parent.parent / "media" / "music.opus"


@pytest.mark.models
def test_music_comes_back_as_midi(speaking: Stack) -> None:
    file = speaking.upload(MUSIC.read_bytes(), MUSIC.name)
    job = speaking.ended(speaking.submit(file, kind="notate", params={"tempo": 100}))
    assert job["error"] is None
    assert job["result"]["model"] == "basic-pitch 0.4.0"
    assert job["gpu_seconds"] > 0
    outputs = f"/api/v1/jobs/{job['id']}/outputs"
    midi = speaking.http.get(f"{outputs}/notes.mid").raise_for_status()
    told = speaking.http.get(f"{outputs}/notes.json").raise_for_status().json()
    read = notes_of(mido.MidiFile(file=io.BytesIO(midi.content)))
    assert midi.headers["content-type"] == "audio/midi"
    assert job["result"]["notes"] == len(told["notes"]) > 100
    assert len(read) == pytest.approx(len(told["notes"]), abs=2)
    # The violin begins with two E and an F, each half a second, over a C.
    for pitch, seconds in ((76, 0.0), (48, 0.0), (77, 1.0)):
        assert any(note.pitch == pitch and abs(note.start - seconds) < 0.05 for note in read)


@pytest.mark.models
def test_what_is_no_music_is_told(speaking: Stack) -> None:
    answer = speaking.http.post("/api/v1/files", files={"file": ("broken.opus", MUSIC.read_bytes()[:200])})
    job = speaking.ended(speaking.submit(answer.json(), kind="notate"))
    assert job["error"]["code"] == "media_unreadable"
