"""A worker of Playhead that knows one kind more: ``python -m bench.recovery.playhead_worker worker``."""

from __future__ import annotations

from pydantic import BaseModel

from bench.recovery.work import work
from cli.main import main
from playhead import registry
from playhead.kind import Context, Kind

NAME = "recovery_steps"


class Params(BaseModel):
    """Which job it is, by its key."""

    key: str


class Result(BaseModel):
    """Nothing is made but the journal's lines."""


async def run(ctx: Context, params: Params) -> Result:
    """Sleep in steps, from the last checkpoint on."""
    kept = await ctx.restore() or {"done": 0}

    async def keep(step: int) -> None:
        await ctx.checkpoint({"done": step})

    await work(params.key, done=kept["done"], keep=keep)
    await ctx.save_output("done.txt", params.key.encode(), "text/plain")
    return Result()


if __name__ == "__main__":
    registry.register(Kind(NAME, "cpu", "Sleep in steps.", Params, Result, run))
    main()
