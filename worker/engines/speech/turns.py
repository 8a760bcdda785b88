from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from worker.engines.speech.decoding import Decoding, Part

# A recording for another model waits this long for those of the loaded one: loading costs as much as many turns.
_PATIENCE_SECONDS = 30.0


@dataclass(eq=False)
class Turn:
    """A recording's place on the device: what it comes to, part by part, and since when it waits."""

    decoding: Decoding
    parts: Generator[Part, None, None]
    since: float = field(default_factory=time.monotonic)

    def close(self) -> None:
        """End the work on it."""
        self.parts.close()
        self.decoding.close()


class Turns:
    """The recordings that are ready for the device, each served in its turn.

    One step a turn: a clip of a few seconds is not held behind a recording of three hours. Whoever decodes several
    recordings in one batch takes their next steps from here too.
    """

    def __init__(self) -> None:
        self._ready: list[Turn] = []
        self._changed = threading.Condition()

    def put(self, turn: Turn) -> None:
        """Line up at the end."""
        with self._changed:
            turn.since = time.monotonic()
            self._ready.append(turn)
            self._changed.notify()

    def take(self, is_loaded: Callable[[str], bool]) -> Turn:
        """Wait for the one whose turn it is: the first whose model is loaded, unless another has waited too long."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready)
            return self._ready.pop(self._place(is_loaded))

    def _place(self, is_loaded: Callable[[str], bool]) -> int:
        if time.monotonic() - self._ready[0].since > _PATIENCE_SECONDS:
            return 0
        sources = (turn.decoding.recording.source for turn in self._ready)
        return next((place for place, source in enumerate(sources) if is_loaded(source)), 0)
