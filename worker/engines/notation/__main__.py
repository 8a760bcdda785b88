"""The notation engine's process: see :mod:`worker.engines.child`."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

from playhead.engines import NotationStep
from worker.engines.child.serving import serve
from worker.engines.notation.activations import RATE, Activations
from worker.engines.notation.finding import find_notes
from worker.engines.notation.listening import MODEL, listen
from worker.engines.notation.messages import Listen
from worker.engines.speech.media import read


def handle(request: Listen) -> Generator[NotationStep | None, None, None]:
    """Read, listen, and find the notes."""
    path = Path(request.recording)
    with read(path, request.max_seconds, lambda: None, RATE) as sound, Activations(path.parent) as activations:
        began, done = time.monotonic(), 0.0
        for done in listen(sound, activations, request.threads):
            yield _step(done, sound.seconds, time.monotonic() - began)
            began = time.monotonic()
        notes = find_notes(activations, request.options)
        yield _step(done, sound.seconds, 0.0).model_copy(update={"notes": notes})


def _step(done: float, duration: float, busy: float) -> NotationStep:
    return NotationStep(done_seconds=done, duration_seconds=duration, device_seconds=busy, model=MODEL)


if __name__ == "__main__":
    serve(Listen, handle)
