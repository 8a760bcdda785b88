"""The operator's hook: an address, or a command."""

from __future__ import annotations

from typing import Protocol

from playhead.settings import WakeSettings
from playhead.waking.by_command import CommandHook
from playhead.waking.by_http import HttpHook
from playhead.waking.calls import Call


class Hook(Protocol):
    """Wakes a worker."""

    async def __call__(self, call: Call) -> None:
        """Make the call, for as long as it is awaited.

        Raises:
            HookError: it failed.
        """
        ...


def make_hook(settings: WakeSettings) -> Hook | None:
    """The hook of the settings; None where none is set."""
    if settings.url is not None:
        return HttpHook(settings.url, settings.token)
    return CommandHook(settings.command) if settings.command is not None else None
