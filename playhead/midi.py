"""Notes as a standard MIDI file."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass

from playhead.engines import Note

TICKS_PER_QUARTER = 480
_PROGRAM = 4  # electric piano, as any: what played the notes is not known
_LOUDEST = 127
_MINUTE_MICROSECONDS = 60_000_000
_LONGEST_QUARTER = 2**24 - 1  # microseconds: what the format can say

SLOWEST = 4.0
"""Quarters a minute: the format has no room for less."""


def midi(notes: Iterable[Note], tempo: float) -> bytes:
    """A file of one track. ``tempo``, in quarters a minute, sets where bars fall; when a note sounds stays the same.

    Velocities follow the amplitudes. A note that is still sounding where the same pitch begins again ends there.
    """
    import mido

    quarter = min(_LONGEST_QUARTER, round(_MINUTE_MICROSECONDS / tempo))
    track = mido.MidiTrack(
        [
            mido.MetaMessage("set_tempo", tempo=quarter),
            mido.Message("program_change", program=_PROGRAM),
        ]
    )
    now = 0
    for tick, velocity, pitch in _changes(notes, TICKS_PER_QUARTER * 1_000_000 / quarter):
        track.append(mido.Message("note_on", note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=TICKS_PER_QUARTER, tracks=[track])
    written = io.BytesIO()
    file.save(file=written)
    return written.getvalue()


def _changes(notes: Iterable[Note], ticks_per_second: float) -> list[tuple[int, int, int]]:
    """Tick, velocity and pitch, by tick; velocity 0 ends a note, and ends come before beginnings."""
    spans = list(_spans(notes, ticks_per_second))
    begun = [(span.start, span.velocity, span.pitch) for span in spans]
    ended = [(span.end, 0, span.pitch) for span in spans]
    return sorted(begun + ended, key=lambda change: (change[0], change[1] > 0))


@dataclass
class _Span:
    """A note in ticks."""

    start: int
    end: int
    velocity: int
    pitch: int


def _spans(notes: Iterable[Note], ticks_per_second: float) -> Iterable[_Span]:
    """No two of the same pitch overlap: of two that begin together the longer is left."""
    spans: dict[tuple[int, int], _Span] = {}
    last: dict[int, _Span] = {}
    for note in sorted(notes, key=lambda note: (note.start, note.end)):
        start = round(note.start * ticks_per_second)
        end = max(start + 1, round(note.end * ticks_per_second))
        before = last.get(note.pitch)
        if before and start < before.end:
            before.end = start
        spans[note.pitch, start] = last[note.pitch] = _Span(
            start, end, max(1, round(_LOUDEST * note.amplitude)), note.pitch
        )
    return spans.values()
