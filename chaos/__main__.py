"""``python -m chaos --seconds 600 --seed 7``: exit status 1 if a promise was broken."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from chaos import plan, report
from chaos.outcome import Options
from chaos.run import run


def main(
    *,
    seconds: Annotated[float, typer.Option(help="How long faults and load last.")] = 120,
    seed: Annotated[int | None, typer.Option(help="The same seed and seconds give the same faults.")] = None,
    rate: Annotated[float, typer.Option(help="Jobs submitted in a second.")] = 5,
    gap: Annotated[float, typer.Option(help="Seconds between faults, on average.")] = plan.GAP_SECONDS,
    out: Annotated[Path | None, typer.Option(help="Folder for the plan, the figures and the evidence.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the logs though every promise was kept.")] = False,
    follow: Annotated[Path | None, typer.Option(help="A plan.json to follow instead of the seed's.")] = None,
) -> None:
    """Pull plugs under load, then check that nothing was lost and nothing done twice."""
    console = Console()
    seed = secrets.randbelow(10**6) if seed is None else seed
    out = out or Path(tempfile.mkdtemp(prefix=f"playhead-chaos-{seed}-"))
    faults = plan.load(follow) if follow else plan.make_plan(seed, seconds, mean_gap_seconds=gap)
    console.print(f"seed {seed}, {seconds:.0f} s; plan, figures and evidence in {out}")
    plan.describe(faults, lambda line: console.print(line, highlight=False))
    options = Options(seconds=seconds, seed=seed, out=out, jobs_per_second=rate, faults=tuple(faults))
    outcome = asyncio.run(run(options, lambda line: console.print(line, highlight=False)))
    report.show(outcome, console)
    if not (outcome.verdict.violations or keep):
        for name in ("logs", "histories"):
            shutil.rmtree(out / name, ignore_errors=True)
    word = f"{len(outcome.verdict.violations)} promises broken" if outcome.verdict.violations else "every promise kept"
    again = replay(options, gap, follow)
    console.print(f"seed {seed}: {word}. Replay: {again}. Kept in {out}", soft_wrap=True)
    raise typer.Exit(bool(outcome.verdict.violations))


def replay(options: Options, gap: float, follow: Path | None) -> str:
    """The command that gives the same faults and the same load again."""
    words = ["make chaos", f"SECONDS={options.seconds:g}", f"SEED={options.seed}", f"RATE={options.jobs_per_second:g}"]
    return " ".join([*words, f'ARGS="--follow {follow}"' if follow else f"GAP={gap:g}"])


if __name__ == "__main__":
    typer.run(main)
