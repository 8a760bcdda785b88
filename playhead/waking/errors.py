"""Why a worker was not woken."""

from __future__ import annotations


class HookError(Exception):
    """A call of the hook failed. Its message is for whoever may see the queues: it tells no address and no key."""
