"""What is kept of each window, so that a rescued job does not pay for it twice."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from playhead.kind import Context


class Window(BaseModel):
    """A window that was asked for, as watchers are told of it too. Passages are counted from 1."""

    model_config = ConfigDict(extra="forbid")

    of: str = Field(description="Tells the passages from those of another input.")
    texts: dict[int, str] = Field(default_factory=dict, description="Passages as they are now.")
    left: dict[int, str] = Field(default_factory=dict, description="Passages that were left, and why.")
    model: str | None = None


def digest(texts: Sequence[str]) -> str:
    """What tells these passages from others."""
    made = hashlib.sha256()
    for text in texts:
        made.update(text.encode(errors="surrogatepass") + b"\0")
    return made.hexdigest()[:16]


def state_of(of: str) -> dict[str, Any]:
    """The checkpoint: which passages the job is about; what became of them stands in the events."""
    return {"passages": of}


async def kept(ctx: Context, texts: Sequence[str]) -> list[Window]:
    """The windows that earlier attempts had; none where they were of other passages or of another form.

    What was left is asked for again: a new attempt is a new try.
    """
    of = digest(texts)
    if await ctx.restore() != state_of(of):
        return []
    try:
        told = [Window.model_validate(data) async for data in ctx.told("window")]
    except ValidationError:
        return []
    return [window.model_copy(update={"left": {}}) for window in told if window.of == of]
