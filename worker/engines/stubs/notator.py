"""A notator without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from playhead.engines import NotationOptions, NotationStep, Note
from worker.engines.stubs.transcriber import digest_of

MODEL = "stub"
STEPS = 4
SECONDS = 0.5  # of each note
_A4_HZ = 440.0


class StubNotator:
    """A :class:`~playhead.engines.Notator` whose notes, two a second, follow from the bytes of the recording alone."""

    async def notate(self, recording: Path, options: NotationOptions) -> AsyncGenerator[NotationStep, None]:
        """As :meth:`playhead.engines.Notator.notate`."""
        digest = await asyncio.to_thread(digest_of, recording)
        notes = [_note(place, byte) for place, byte in enumerate(digest[: 4 * STEPS])]
        wanted = [note for note in notes if _is_wanted(note, options)]
        duration = len(notes) * SECONDS
        for step in range(1, STEPS + 1):
            done = duration * step / STEPS
            yield NotationStep(done_seconds=done, duration_seconds=duration, model=MODEL)
        yield NotationStep(done_seconds=duration, duration_seconds=duration, model=MODEL, notes=wanted)


def _note(place: int, byte: int) -> Note:
    start = place * SECONDS
    return Note(start=start, end=start + SECONDS, pitch=48 + byte % 36, amplitude=0.25 + byte / 512)


def _is_wanted(note: Note, options: NotationOptions) -> bool:
    hz = _A4_HZ * 2 ** ((note.pitch - 69) / 12)
    long_enough = note.end - note.start >= options.minimum_note_seconds
    return long_enough and (options.minimum_hz or 0) <= hz <= (options.maximum_hz or hz)
