"""How much memory there is, and how much of it a process holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

_OWN = Path("/proc/self/cgroup")
_MOUNTED = Path("/sys/fs/cgroup")


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
    return min([psutil.virtual_memory().total, *(limit for _, limit in _limits())])


def available_bytes() -> int:
    """Memory of this machine that can be had, or what is left of that which its container or service may have."""
    left = [limit - _in_use(group) for group, limit in _limits()]
    return max(0, min([psutil.virtual_memory().available, *left]))


def _in_use(group: Path) -> int:
    """What its processes hold, without the files that the system has cached for them: it drops those at need."""
    try:
        kinds = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return int((group / "memory.current").read_text()) - int(kinds["inactive_file"]) - int(kinds["active_file"])
    except (OSError, ValueError, KeyError):  # Not every kernel tells.
        return 0


def _limits() -> Iterator[tuple[Path, int]]:
    """The group that this process is in, and those that hold it, each with its limit."""
    try:
        (own,) = [line.removeprefix("0::") for line in _OWN.read_text().splitlines() if line.startswith("0::")]
    except (OSError, ValueError):
        return
    group = _MOUNTED / own.lstrip("/")
    for folder in [group, *group.parents]:
        if folder.is_relative_to(_MOUNTED):
            try:
                yield folder, int((folder / "memory.max").read_text())
            except (OSError, ValueError):  # "max", or no such file as at the very top
                continue
