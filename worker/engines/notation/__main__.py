"""The notation engine's process: see :mod:`worker.engines.child`."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path

from playhead.engines import NotationStep, Note
from worker.engines.child.serving import serve
from worker.engines.notation.activations import RATE, Activations
from worker.engines.notation.finding import find_notes
from worker.engines.notation.listening import MODEL, listen
from worker.engines.notation.messages import Listen
from worker.engines.speech.media import read

# Of what is told at once: the worker reads a line on its event loop, and a thousand notes take it some milliseconds.
_NOTES_A_LINE = 1000


def handle(request: Listen) -> Generator[NotationStep | None, None, None]:
    """Read, listen, and find the notes, which are told a few at a time."""
    path = Path(request.recording)
    with read(path, request.max_seconds, lambda: None, RATE) as sound, Activations(path.parent) as activations:
        began, done = time.monotonic(), 0.0
        for done in listen(sound, activations, request.threads):
            yield _step(done, sound.seconds, time.monotonic() - began)
            began = time.monotonic()
        for notes in _lines(find_notes(activations, request.options)):
            yield _step(done, sound.seconds, 0.0).model_copy(update={"notes": notes})


def _lines(notes: list[Note]) -> Iterator[list[Note]]:
    """One at least: that there are no notes is to be told as well."""
    for first in range(0, max(1, len(notes)), _NOTES_A_LINE):
        yield notes[first : first + _NOTES_A_LINE]


def _step(done: float, duration: float, busy: float) -> NotationStep:
    return NotationStep(done_seconds=done, duration_seconds=duration, device_seconds=busy, model=MODEL)


if __name__ == "__main__":
    serve(Listen, handle)
