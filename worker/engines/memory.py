"""How much memory an engine may hold, and how much it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import structlog

from playhead.settings import SpeechSettings

# Beside the engine there are the worker, the system's cache of the recordings, and often the other parts.
_SHARE = 0.6
# A fresh engine with a model in it holds this much less, or is not worth the loading.
_WORTH = 1.25
_OWN = Path("/proc/self/cgroup")
_MOUNTED = Path("/sys/fs/cgroup")

log = structlog.get_logger(__name__)


def held_bytes(pid: int) -> int:
    """Memory of the process's own; 0 where there is none any more, or it cannot be measured.

    Files that it has mapped, such as the sound of a long recording, do not count: the system drops them at need.
    """
    try:
        held = psutil.Process(pid).memory_info()
    except (psutil.Error, OSError):  # The latter as it comes: this process has too many files open.
        return 0
    return int(held.rss - getattr(held, "shared", 0))


def usable_bytes() -> int:
    """Memory of this machine, or what its container or service (control groups, version 2) may have of it."""
    return min([psutil.virtual_memory().total, *_limits()])


def _limits() -> Iterator[int]:
    """The limits of the group that this process is in, and of those that hold it."""
    try:
        (own,) = [line.removeprefix("0::") for line in _OWN.read_text().splitlines() if line.startswith("0::")]
    except (OSError, ValueError):
        return
    group = _MOUNTED / own.lstrip("/")
    for folder in [group, *group.parents]:
        if folder.is_relative_to(_MOUNTED):
            try:
                yield int((folder / "memory.max").read_text())
            except (OSError, ValueError):  # "max", or no such file as at the very top
                continue


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
