"""What the CPU does with a recording while the device is busy with others: reading it, and cutting it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from playhead.settings import SpeechSettings
from worker.engines.speech.chunks import Span
from worker.engines.speech.executor import FairExecutor
from worker.engines.speech.media import read
from worker.engines.speech.recording import Recording
from worker.engines.speech.replies import Replies
from worker.engines.speech.sound import Sound
from worker.engines.speech.stretches import Stretch, cut

# How often a long reading says that it gets on.
_TELL_SECONDS = 5.0
# Larger files are read one after the other, by a thread of their own: a clip need not wait until three hours are read,
# and the first of several long ones is with the device sooner. So much is some eight minutes of MP3.
_SHORT_BYTES = 8 * 1024 * 1024
_READERS = 2


class Preparation:
    """Reads recordings, and cuts their next stretch ahead of the device. Whose turn it is, :class:`FairExecutor` says.

    Not what the device gave them: one in which nobody speaks for hours is given nothing, and would always be first.
    """

    def __init__(self, settings: SpeechSettings, replies: Replies) -> None:
        self._settings = settings
        self._replies = replies
        self._readers = FairExecutor(_READERS, "read")
        self._long_reader = FairExecutor(1, "read long")
        self._cutter = FairExecutor(1, "cut")

    def read(self, recording: Recording) -> Future[Sound]:
        """All of its sound. Fails as :func:`worker.engines.speech.media.read` does, or with ``LetGoError``."""
        path = Path(recording.begin.recording)
        size = _size(path)
        readers = self._readers if size <= _SHORT_BYTES else self._long_reader
        return readers.submit(partial(self._read, recording, path), length=size, priority=recording.priority)

    def cut(self, recording: Recording, sound: Sound, uncut: Span) -> Future[Stretch]:
        """The stretch that begins with the first of these samples, and ends with the last at most.

        Fails with ``LetGoError`` where the recording has ended before its turn comes.
        """
        start, end = uncut
        length = max(0, min(end, sound.samples) - start)
        work = partial(self._cut, recording, sound, uncut)
        return self._cutter.submit(work, length=length, priority=recording.priority)

    def _read(self, recording: Recording, path: Path) -> Sound:
        return read(path, self._settings.max_recording_seconds, self._tick(recording))

    def _cut(self, recording: Recording, sound: Sound, uncut: Span) -> Stretch:
        recording.require_wanted()
        if not recording.on_device:
            self._replies.working(recording.id, "reading")
        return cut(sound, *uncut, vad=recording.begin.options.vad)

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


def _size(path: Path) -> int:
    """In bytes; nothing where it cannot be found out: reading it will say why."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
