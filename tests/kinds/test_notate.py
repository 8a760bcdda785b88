from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import mido
import pytest
from pydantic import ValidationError

from playhead.errors import MediaUnreadableError
from playhead.kinds.notate import KIND, Notes, Params, notate
from playhead.registry import kinds
from playhead.settings import Settings
from tests.kinds.memory import Memory
from tests.kinds.midis import notes_of
from worker.engines import make_engines


@pytest.fixture
def ctx(tmp_path: Path) -> Memory:
    recording = tmp_path / "input"
    recording.write_bytes(b"any music")
    return Memory(make_engines(Settings(engines="stub")), [recording])


def _stored(ctx: Memory) -> tuple[Notes, mido.MidiFile]:
    assert {name: kind for name, (_, kind) in ctx.outputs.items()} == {
        "notes.mid": "audio/midi",
        "notes.json": "application/json",
    }
    told = Notes.model_validate_json(ctx.outputs["notes.json"][0])
    return told, mido.MidiFile(file=io.BytesIO(ctx.outputs["notes.mid"][0]))


async def test_gives_the_same_notes_as_midi_and_as_json(ctx: Memory) -> None:
    result = await notate(ctx, Params(tempo=90))
    told, file = _stored(ctx)
    assert (result.notes, result.model, result.duration_seconds) == (16, "stub", 8.0)
    assert (len(told.notes), told.tempo, told.model) == (16, 90, "stub")
    assert [(one.pitch, round(one.start, 2)) for one in notes_of(file)] == [
        (one.pitch, one.start) for one in told.notes
    ]
    pitches = [one.pitch for one in told.notes]
    assert (result.lowest_pitch, result.highest_pitch) == (min(pitches), max(pitches))
    assert (ctx.fractions[-1], ctx.stages[-1]) == (1.0, "writing")
    assert ctx.fractions == sorted(ctx.fractions)
    assert ctx.audio_seconds == 8.0


async def test_no_notes_are_no_failure(ctx: Memory) -> None:
    result = await notate(ctx, Params(minimum_note_milliseconds=9000))
    assert (result.notes, result.lowest_pitch, result.highest_pitch) == (0, None, None)
    assert _stored(ctx)[0].notes == []


async def test_what_is_no_recording_is_told(ctx: Memory) -> None:
    ctx.files[0].write_bytes(b"")
    with pytest.raises(MediaUnreadableError):
        await notate(ctx, Params())
    assert ctx.outputs == {}


@pytest.mark.parametrize(
    "params",
    [
        {"onset_threshold": 0},
        {"frame_threshold": 1.1},
        {"tempo": 0},
        {"tempo": 1e9},
        {"minimum_note_milliseconds": -1},
        {"minimum_frequency": 500, "maximum_frequency": 100},
        {"key": "C"},
    ],
)
def test_bad_params_are_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Params.model_validate(params)


def test_the_registry_knows_it() -> None:
    assert kinds()["notate"] is KIND
    assert KIND.makes is not None
    assert set(KIND.makes(Params())) == {"notes.mid", "notes.json"}
