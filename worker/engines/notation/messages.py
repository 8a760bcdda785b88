"""What a worker asks of its notation engine; it replies with :class:`~playhead.engines.NotationStep`.

The notes come in several such steps at the end, in their order.
"""

from __future__ import annotations

from pydantic import BaseModel

from playhead.engines import NotationOptions


class Listen(BaseModel):
    """Find the notes of a local recording."""

    recording: str
    options: NotationOptions
    max_seconds: float
    threads: int
