from __future__ import annotations

import io

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.engines import Note
from playhead.midi import SLOWEST, midi
from tests.kinds.midis import notes_of

TIMES = st.floats(0, 100)
NOTES = st.lists(
    st.builds(
        lambda start, length, pitch, amplitude: Note(start=start, end=start + length, pitch=pitch, amplitude=amplitude),
        TIMES,
        st.floats(0.01, 10),
        st.integers(60, 63),
        st.floats(0, 1),
    ),
    max_size=12,
)


def _read(content: bytes) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(content))


@given(NOTES, st.floats(SLOWEST, 1000))
def test_every_note_begins_when_it_sounds_and_ends_at_the_latest_then(notes: list[Note], tempo: float) -> None:
    tick = 60 / tempo / 480
    read = notes_of(_read(midi(notes, tempo)))
    for note in notes:
        assert any(one.pitch == note.pitch and abs(one.start - note.start) <= tick for one in read)
    for one in read:
        begun = [note for note in notes if note.pitch == one.pitch and abs(note.start - one.start) <= tick]
        assert begun
        assert one.end <= max(note.end for note in begun) + 2 * tick


@pytest.mark.parametrize("tempo", [60, 120, 93.7])
def test_the_tempo_moves_bars_and_not_notes(tempo: float) -> None:
    notes = [Note(start=1.25, end=2.5, pitch=60, amplitude=0.5), Note(start=3, end=3.1, pitch=64, amplitude=1)]
    file = _read(midi(notes, tempo))
    assert [message.tempo for message in file if message.type == "set_tempo"] == [round(60e6 / tempo)]
    read = notes_of(file)
    assert [(note.pitch, round(note.amplitude * 127)) for note in read] == [(60, 64), (64, 127)]
    for note, one in zip(notes, read, strict=True):
        assert one.start == pytest.approx(note.start, abs=0.003)
        assert one.end == pytest.approx(note.end, abs=0.003)


def test_a_note_ends_where_the_same_pitch_begins_again() -> None:
    notes = [Note(start=0, end=2, pitch=60, amplitude=0.5), Note(start=1, end=3, pitch=60, amplitude=0.5)]
    assert [(note.start, note.end) for note in notes_of(_read(midi(notes, 120)))] == [(0, 1), (1, 3)]


def test_no_notes_are_a_file_too() -> None:
    assert notes_of(_read(midi([], 120))) == []
