from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

from playhead.errors import PlayheadError
from worker.engines.lines import EXIT_USELESS
from worker.engines.speech.mishaps import leaves_useless, mishap
from worker.engines.speech.recording import LetGoError, Recording
from worker.engines.speech.replies import Replies

log = logging.getLogger(__name__)


class Roll:
    """The recordings in flight, and how each of them ends."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._recordings: dict[int, Recording] = {}
        self._lock = threading.Lock()

    def enter(self, recording: Recording) -> None:
        """Take it on."""
        self._recordings[recording.id] = recording

    def find(self, number: int) -> Recording | None:
        """The recording of this number, if it is in flight."""
        return self._recordings.get(number)

    def has(self, recording: Recording) -> bool:
        """Whether it is in flight."""
        return recording.id in self._recordings

    def on_device(self) -> list[Recording]:
        """Those of which the device has something at this moment."""
        return [recording for recording in list(self._recordings.values()) if recording.on_device]

    def end(self, recording: Recording) -> None:
        """It is done, or let go of. Said once."""
        if self._leave(recording):
            self._replies.ended(recording.id)

    def fail(self, recording: Recording, error: PlayheadError) -> None:
        """It ended with ``error``. Said once."""
        if self._leave(recording):
            self._replies.failed(recording.id, error)

    @contextmanager
    def reporting(self, recording: Recording) -> Iterator[None]:
        """Say how the recording ended, if it did: nothing that is wrong with one may end the others."""
        try:
            yield
        except (LetGoError, CancelledError):
            self.end(recording)
        except PlayheadError as error:
            self.fail(recording, error)
        except Exception as error:
            log.exception("recording %d", recording.id)
            self.fail(recording, mishap(error))
            if leaves_useless(error):
                os._exit(EXIT_USELESS)

    def _leave(self, recording: Recording) -> bool:
        recording.cancel()  # However it ended: nothing more of it is read or cut.
        with self._lock:
            return self._recordings.pop(recording.id, None) is not None
