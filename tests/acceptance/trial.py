"""A kind that does what a test asks of it, in a worker process of the test's: see :mod:`tests.acceptance.processes`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from playhead.kind import Context, Kind


class Params(BaseModel):
    """What the work is like.

    Attributes:
        steps: each tells, keeps, stores and costs something.
        once: a file that is not there yet; the attempt that makes it, having done ``deed_at`` steps, does the deed.
        hold: a named pipe; the attempts that do no deed wait at their end until something is written to it.
    """

    steps: int = 3
    pause_seconds: float = 0.02
    once: Path | None = None
    hold: Path | None = None
    deed: Literal["stop", "block", "deaf", "thread", "wait"] = "wait"
    deed_at: int = 1


class Result(BaseModel):
    steps: int


async def run(ctx: Context, params: Params) -> Result:
    """Do the steps, and the deed among them."""
    for done in range(1, params.steps + 1):
        await _step(ctx, done - 1, params.steps)
        if done == params.deed_at and params.once and not params.once.exists():
            params.once.touch()
            await DEEDS[params.deed]()
        if done < params.steps:
            await asyncio.sleep(params.pause_seconds)
    if params.hold:
        await asyncio.to_thread(params.hold.read_text)
    return Result(steps=params.steps)


async def _step(ctx: Context, step: int, steps: int) -> None:
    """It tells last, and waits for nothing afterwards: the reporter cannot write it before a deed that follows."""
    await ctx.save_output(f"step-{step}.txt", f"{os.getpid()} {step}".encode(), "text/plain")
    ctx.account(device_seconds=1.0, audio_seconds=10.0)
    await ctx.progress((step + 1) / steps, stage="stepping")
    await ctx.emit("step", {"step": step})
    await ctx.checkpoint({"step": step})


async def _stop() -> None:
    """The whole process, as a paused virtual machine is; it goes on at SIGCONT."""
    os.kill(os.getpid(), signal.SIGSTOP)


async def _block() -> None:
    """The event loop, for good."""
    time.sleep(3600)  # noqa: ASYNC251 - as a careless library


async def _deaf() -> None:
    """Work that swallows every cancellation."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(3600)


async def _thread() -> None:
    """Work in a thread, which nothing can cancel."""
    await asyncio.to_thread(time.sleep, 3600)


async def _wait() -> None:
    await asyncio.sleep(3600)


DEEDS = {"stop": _stop, "block": _block, "deaf": _deaf, "thread": _thread, "wait": _wait}
KIND = Kind(name="trial", queue="cpu", summary="A trial.", params=Params, result=Result, run=run)
