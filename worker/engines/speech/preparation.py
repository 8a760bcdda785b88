"""What the CPU does with a recording while the device is busy with others: reading it, and cutting it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from playhead.settings import SpeechSettings
from worker.engines.speech.chunks import Span
from worker.engines.speech.media import read
from worker.engines.speech.recording import Recording
from worker.engines.speech.replies import Replies
from worker.engines.speech.sound import Sound
from worker.engines.speech.stretches import Stretch, cut

# How often a long reading says that it gets on.
_TELL_SECONDS = 5.0
# Two, so that a clip need not wait until three hours are read.
_READERS = 2


class Preparation:
    """Reads recordings, and cuts their next stretch ahead of the device."""

    def __init__(self, settings: SpeechSettings, replies: Replies) -> None:
        self._settings = settings
        self._replies = replies
        self._readers = ThreadPoolExecutor(_READERS, "read")
        self._cutter = ThreadPoolExecutor(1, "cut")

    def read(self, recording: Recording) -> Future[Sound]:
        """All of its sound. Fails as :func:`worker.engines.speech.media.read` does, or with ``LetGoError``."""
        return self._readers.submit(self._read, recording)

    def cut(self, recording: Recording, sound: Sound, uncut: Span) -> Future[Stretch]:
        """The stretch that begins with the first of these samples, and ends with the last at most."""
        return self._cutter.submit(cut, sound, *uncut, vad=recording.begin.options.vad)

    def _read(self, recording: Recording) -> Sound:
        return read(Path(recording.begin.recording), self._settings.max_recording_seconds, self._tick(recording))

    def _tick(self, recording: Recording) -> Callable[[], None]:
        told = 0.0

        def tick() -> None:
            nonlocal told
            recording.require_wanted()
            if time.monotonic() - told > _TELL_SECONDS:
                self._replies.working(recording.id, "reading")
                told = time.monotonic()

        tick()
        return tick
