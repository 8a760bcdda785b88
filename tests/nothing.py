"""A kind of one's own that does nothing and stores nothing, as the file that a user would write."""

from __future__ import annotations

_FILE = """
from pydantic import BaseModel
from playhead.kind import Kind

class Nothing(BaseModel):
    pass

async def run(ctx, params):
    return Nothing()

KIND = Kind("{name}", "cpu", "Does nothing.", Nothing, Nothing, run)
"""


def kind_file(name: str) -> str:
    """What is in the file of a kind of this name."""
    return _FILE.format(name=name)
