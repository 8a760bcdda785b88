"""How much memory an engine may hold."""

from __future__ import annotations

import structlog

from playhead.settings import SpeechSettings
from worker.engines.memory import held_bytes, usable_bytes

# Beside the engine there are the worker, the system's cache of the recordings, and often the other parts.
_SHARE = 0.6
# A fresh engine with a model in it holds this much less, or is not worth the loading.
_WORTH = 1.25

log = structlog.get_logger(__name__)


class MemoryBound:
    """When an engine has grown so far that a fresh one is better.

    One that is above the bound as soon as it has decoded something is let grow by a quarter first: its model is as
    large as that, and so a fresh one would be too.
    """

    def __init__(self, settings: SpeechSettings) -> None:
        given = settings.recycle_above_bytes
        self._bytes = int(_SHARE * usable_bytes()) if given is None else given
        self._bound: int | None = None

    def is_passed(self, pid: int, *, at_a_price: bool = False) -> bool:
        """Whether the engine, measured now after a step of its work, holds too much.

        ``at_a_price``: to renew it now would cost a recording what was done for it. Until it has grown by a quarter
        more, that is waited for; but where one of many recordings is always in that state, not for ever.
        """
        if not self._bytes:
            return False
        held = held_bytes(pid)
        if not held:
            return False
        if self._bound is None:
            self._bound = max(self._bytes, int(_WORTH * held))
        if held <= self._bound * (_WORTH if at_a_price else 1):
            return False
        log.warning("engine_outgrown", pid=pid, held_bytes=held, bound_bytes=self._bound)
        return True
