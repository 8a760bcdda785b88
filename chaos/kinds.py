"""Kinds of jobs that only the harness has: what each makes follows from its params and its input alone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from playhead import registry
from playhead.errors import MediaUnreadableError, UrlUnreachableError
from playhead.kind import Context, Kind, Queue

STEP_DEVICE_SECONDS = 0.25
"""What a step of ``chaos_long`` accounts. A power of two: sums of it are exact."""
POISON_DIR = "CHAOS_POISON_DIR"
"""Environment variable: where a worker that took poison leaves its process id."""


class Params(BaseModel):
    """What every kind here takes; each looks at some of it.

    Attributes:
        salt: makes the outputs of one job differ from those of another.
        steps: of ``chaos_long``; each takes ``step_seconds`` and is told as an event.
        keep_every: a checkpoint at each step whose number this divides.
        outputs: how many ``chaos_many`` writes.
        failures: how often ``chaos_flaky`` fails before it succeeds.
    """

    model_config = ConfigDict(extra="forbid")
    salt: str
    steps: int = 0
    step_seconds: float = 0.0
    keep_every: int = 1
    outputs: int = 1
    failures: int = 0


class Digest(BaseModel):
    """The result of each: the sha256 of what it made, in lower-case hexadecimal."""

    sha256: str


def quick(params: Params, digest: str) -> dict[str, bytes]:
    """One short output."""
    return {"digest.txt": chain(params, digest, 1).encode()}


def many(params: Params, digest: str) -> dict[str, bytes]:
    """Several outputs of growing sizes; the first is empty, and the second is the same for all jobs."""
    made = {f"part-{i}.bin": chain(params, digest, i).encode() * 4**i for i in range(2, params.outputs)}
    return {"part-0.bin": b"", "part-1.bin": b"the same for all"} | made


def long(params: Params, digest: str) -> dict[str, bytes]:
    """The end of a chain of digests, one for each step."""
    return {"digest.txt": chain(params, digest, params.steps).encode()}


def chain(params: Params, digest: str, steps: int) -> str:
    """The digest so many steps after this one."""
    for _ in range(steps):
        digest = hashlib.sha256(f"{params.salt} {digest}".encode()).hexdigest()
    return digest


MAKES: dict[str, Callable[[Params, str], dict[str, bytes]]] = {
    "chaos_quick": quick,
    "chaos_many": many,
    "chaos_long": long,
    "chaos_flaky": quick,
    "chaos_block": quick,
}
"""What the outputs of a job that succeeded must be, by its kind and the sha256 of its input. Others cannot succeed."""


async def run_quick(ctx: Context, params: Params) -> Digest:
    """Make at once what is to be made."""
    return await _save(ctx, quick(params, await _digest(ctx)))


async def run_many(ctx: Context, params: Params) -> Digest:
    """Make several outputs, one after the other."""
    return await _save(ctx, many(params, await _digest(ctx)))


async def run_long(ctx: Context, params: Params) -> Digest:
    """Go step by step, tell of each, and go on from the last checkpoint."""
    content = await _digest(ctx)
    kept = await ctx.restore() or {"done": 0, "digest": content}
    done, digest = kept["done"], kept["digest"]
    while done < params.steps:
        await asyncio.sleep(params.step_seconds)
        done, digest = done + 1, chain(params, digest, 1)
        ctx.account(device_seconds=STEP_DEVICE_SECONDS, audio_seconds=1.0)
        await ctx.emit("step", {"id": done})
        await ctx.progress(done / params.steps, stage="stepping")
        if done % params.keep_every == 0:
            await ctx.checkpoint({"done": done, "digest": digest})
    return await _save(ctx, {"digest.txt": digest.encode()})


async def run_flaky(ctx: Context, params: Params) -> Digest:
    """Fail transiently as often as asked for; earlier failures are known from the checkpoint."""
    kept = await ctx.restore() or {"failures": 0}
    if kept["failures"] < params.failures:
        await ctx.checkpoint({"failures": kept["failures"] + 1})
        raise UrlUnreachableError("failed as asked for")
    return await run_quick(ctx, params)


async def run_wrong(ctx: Context, params: Params) -> Digest:
    """Fail for good, with an output already stored that nobody must see."""
    await ctx.save_output("unseen.txt", params.salt.encode(), "text/plain")
    raise MediaUnreadableError("failed for good, as asked for")


async def run_block(ctx: Context, params: Params) -> Digest:
    """Keep the worker's event loop waiting for longer than a silent worker is thought alive."""
    made = quick(params, await _digest(ctx))
    time.sleep(params.step_seconds)  # noqa: ASYNC251 - that is the point
    return await _save(ctx, made)


async def run_poison(_: Context, __: Params) -> Digest:
    """Kill the worker."""
    Path(os.environ[POISON_DIR], str(os.getpid())).touch()  # noqa: ASYNC240 - nothing follows
    os.kill(os.getpid(), signal.SIGKILL)
    return Digest(sha256="")


def _kind(name: str, queue: Queue, run: Callable[[Context, Params], Awaitable[Digest]]) -> Kind[Params, Digest]:
    return Kind(name, queue, (run.__doc__ or "").splitlines()[0], Params, Digest, run)


KINDS: tuple[Kind[Any, Any], ...] = (
    _kind("chaos_quick", "io", run_quick),
    _kind("chaos_many", "io", run_many),
    _kind("chaos_long", "cpu", run_long),
    _kind("chaos_flaky", "llm", run_flaky),
    _kind("chaos_wrong", "io", run_wrong),
    _kind("chaos_block", "io", run_block),
    _kind("chaos_poison", "llm", run_poison),
)


def register() -> None:
    """Let this process know them."""
    for kind in KINDS:
        registry.register(kind)


async def _digest(ctx: Context) -> str:
    path = await ctx.input()
    return await asyncio.to_thread(lambda: hashlib.sha256(path.read_bytes()).hexdigest())


async def _save(ctx: Context, outputs: dict[str, bytes]) -> Digest:
    for name, content in outputs.items():
        await ctx.save_output(name, content, "application/octet-stream")
    return Digest(sha256=digest_of(outputs))


def digest_of(outputs: dict[str, bytes]) -> str:
    """The ``sha256`` of the result that goes with these outputs."""
    return hashlib.sha256(b"".join(outputs.values())).hexdigest()
