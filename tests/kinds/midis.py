from __future__ import annotations

import mido

from playhead.engines import Note


def notes_of(file: mido.MidiFile) -> list[Note]:
    """The notes of a MIDI file, in seconds, each channel's pitches one after another."""
    notes: list[Note] = []
    begun: dict[tuple[int, int], tuple[float, int]] = {}
    now = 0.0
    for message in file:
        now += message.time
        if message.type not in {"note_on", "note_off"}:
            continue
        key = (message.channel, message.note)
        if message.type == "note_on" and message.velocity:
            assert key not in begun, "a pitch begins while it sounds"
            begun[key] = (now, message.velocity)
        else:
            start, velocity = begun.pop(key)
            notes.append(Note(start=start, end=now, pitch=message.note, amplitude=velocity / 127))
    assert not begun, "a note never ends"
    return sorted(notes, key=lambda note: (note.start, note.pitch))
