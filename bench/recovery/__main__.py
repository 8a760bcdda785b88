"""``python -m bench.recovery --seconds 300 --seed 7``."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bench.recovery import plan, settings, work
from bench.recovery.figures import Figures, describe, measure
from bench.recovery.side import Side
from bench.recovery.sides import Playhead, Procrastinate

JOBS_PER_SECOND = 2.0
"""Three workers have twelve places, and a job takes four seconds: two thirds of the places are taken."""
DRAIN_SECONDS = 90.0
"""After the last fault. Whatever has not ended by then never will: nothing was under way for a minute."""
PAUSE_SECONDS = 0.5

console = Console()


def main(
    *,
    seconds: Annotated[float, typer.Option(help="How long faults and load last.")] = 130,
    seed: Annotated[int | None, typer.Option(help="The same seed and seconds give the same faults.")] = None,
) -> None:
    """Recovery, side by side with a plain Procrastinate application."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    # As root, PostgreSQL runs as another user, who must be able to enter.
    folder = Path(tempfile.mkdtemp(prefix="recovery-"))
    folder.chmod(0o711)
    try:
        asyncio.run(compare(folder, seed, seconds))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def compare(folder: Path, seed: int, seconds: float) -> None:
    """Bring both sides up, let it all happen to both, print what came of it."""
    faults = plan.make_plan(seed, seconds)
    async with Playhead(folder / "a") as playhead, Procrastinate(folder / "b") as stock:
        sides: Sequence[Side] = (playhead, stock)
        console.print(f"seed {seed}: {len(faults)} faults for each side, {settings.WORKERS} workers each")
        asked = await _disturb(sides, faults, seconds)
        figures = [await _measured(side, keys) for side, keys in zip(sides, asked, strict=True)]
    console.print(table(sides, figures, seed, seconds), width=120)


async def _disturb(sides: Sequence[Side], faults: Sequence[plan.Fault], seconds: float) -> list[list[str]]:
    """The load and the faults, for both at once; then time to recover. Gives the keys of the jobs of each side."""
    began = time.monotonic()
    loads = [asyncio.create_task(_load(side, began, max(seconds, faults[-1].at_seconds))) for side in sides]
    struck: list[asyncio.Task[None]] = []
    for fault in faults:
        await asyncio.sleep(max(0.0, began + fault.at_seconds - time.monotonic()))
        console.print(f"{time.monotonic() - began:8.2f} s  {plan.NAMES[fault.name]}", highlight=False)
        struck += [asyncio.create_task(side.strike(fault)) for side in sides]
    await asyncio.gather(*struck)
    keys = list(await asyncio.gather(*loads))
    await asyncio.gather(*(_drained(side) for side in sides))
    return keys


async def _load(side: Side, began: float, seconds: float) -> list[str]:
    keys: list[str] = []
    asking: list[asyncio.Task[None]] = []
    while time.monotonic() < began + seconds:
        keys.append(f"job-{len(keys):05d}")
        asking.append(asyncio.create_task(side.ask(keys[-1])))
        await asyncio.sleep(max(0.0, began + len(keys) / JOBS_PER_SECOND - time.monotonic()))
    await asyncio.gather(*asking)
    return keys


async def _drained(side: Side) -> None:
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until:
        async with side.server.connection() as connection:
            if not await side.open_jobs(connection):
                return
        await asyncio.sleep(PAUSE_SECONDS)


async def _measured(side: Side, keys: Sequence[str]) -> Figures:
    async with side.server.connection() as connection:
        history = await side.history(connection)
        effects = await side.effects(connection)
    return measure(keys, work.read(side.journal), history, effects, side.struck)


def table(sides: Sequence[Side], figures: Sequence[Figures], seed: int, seconds: float) -> Table:
    """Both, line by line."""
    load = work.STEPS * work.STEP_SECONDS
    title = (
        f"Recovery: {figures[0].jobs} jobs of {load:.0f} s on each side in {seconds:.0f} s, "
        f"seed {seed}; heartbeat {settings.HEARTBEAT_SECONDS:.0f} s, dead after {settings.LOST_AFTER_SECONDS:.0f} s"
    )
    made = Table("", *(side.name for side in sides), title=title)
    made.add_row("succeeded", *(f"{one.share_ended():.1%} ({one.ends['succeeded']})" for one in figures))
    made.add_row("ended otherwise", *(str(one.jobs - one.ends["succeeded"] - one.ends["never"]) for one in figures))
    made.add_row("never ended", *(str(one.ends["never"]) for one in figures))
    made.add_row(
        "work ran to its end more than once", *(f"{one.twice / one.jobs:.1%} ({one.twice})" for one in figures)
    )
    made.add_row("rows of effect beyond one of a job", *(str(one.effects_again) for one in figures))
    made.add_row("steps made again", *(f"{one.steps_again} of {one.steps}" for one in figures))
    made.add_section()
    made.add_row("until begun again: median / max; went on undisturbed", *(_recovered(one) for one in figures))
    for name, words in plan.NAMES.items():
        made.add_row(f"  {words}", *(_recovered(one, name) for one in figures))
    return made


def _recovered(figures: Figures, fault: str | None = None) -> str:
    return f"{describe(figures.seconds(fault))}; {figures.undisturbed(fault)} undisturbed"


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
