"""``python -m bench.dispatch d --rounds 5``: (b), (c), (d), (e), (g), or some of them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bench.dispatch import accepting, idle, latency, memory, throughput
from bench.dispatch.machine import machine
from bench.figures import Section, show

PARTS = {
    "b": accepting.measure,
    "c": latency.measure,
    "d": throughput.measure,
    "e": memory.measure,
    "g": idle.measure,
}


def main(
    parts: Annotated[list[str] | None, typer.Argument(help="Which: b, c, d, e, g; all, if none is named.")] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often each is measured; the median counts.")] = 5,
    page: Annotated[Path | None, typer.Option(help="Put the tables into this page, in place of its own.")] = None,
) -> None:
    """How fast jobs are accepted, claimed and done, in how much memory, and what waiting costs."""
    for part in parts or PARTS:
        if part not in PARTS:
            raise typer.BadParameter(f"there is no part {part!r}: there are {', '.join(PARTS)}")
    show(asyncio.run(measure(parts or list(PARTS), rounds)), page)


async def measure(parts: list[str], rounds: int) -> list[Section]:
    """Each on a machine of its own: what one leaves behind must not slow the next."""
    found = []
    for part in parts:
        async with machine() as it:
            found.append(await PARTS[part](it, rounds))
    return found


if __name__ == "__main__":
    typer.run(main)
