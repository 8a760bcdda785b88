from __future__ import annotations

import threading

from worker.engines.messages import Begin


class LetGoError(Exception):
    """The recording was canceled."""


class Recording:
    """One recording in flight, as the worker asked for it.

    Attributes:
        source: the model it is for, as its job or the settings name it.
    """

    def __init__(self, begin: Begin, source: str) -> None:
        self.id = begin.id
        self.begin = begin
        self.source = source
        self._canceled = threading.Event()

    def cancel(self) -> None:
        """Have it let go of as soon as the step under way is done."""
        self._canceled.set()

    @property
    def is_canceled(self) -> bool:
        """Whether it is to be let go of."""
        return self._canceled.is_set()

    def require_wanted(self) -> None:
        """Raise :class:`LetGoError` once it is canceled."""
        if self.is_canceled:
            raise LetGoError
