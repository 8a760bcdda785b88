"""Playhead's command line with one kind more, which does nothing: ``python -m bench.dispatch.nothing worker``."""

from __future__ import annotations

import time

from pydantic import BaseModel, ConfigDict

from cli.main import main
from playhead import registry
from playhead.kind import Context, Kind, Queue

NAME = "nothing"
QUEUE: Queue = "io"


class Params(BaseModel):
    """``number`` makes the jobs differ: the same ones again might be answered from a cache."""

    model_config = ConfigDict(extra="forbid")
    number: int = 0


class Result(BaseModel):
    """``began``: when the work did, as a POSIX time."""

    began: float


async def run(_: Context, __: Params) -> Result:
    """Do nothing."""
    return Result(began=time.time())


if __name__ == "__main__":
    registry.register(Kind(NAME, QUEUE, "Nothing.", Params, Result, run))
    main()
