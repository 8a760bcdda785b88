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
from chaos.run import Options, run


def main(
    *,
    seconds: Annotated[float, typer.Option(help="How long faults and load last.")] = 120,
    seed: Annotated[int | None, typer.Option(help="The same seed and seconds give the same faults.")] = None,
    rate: Annotated[float, typer.Option(help="Jobs submitted in a second.")] = 5,
    out: Annotated[Path | None, typer.Option(help="Folder for the plan, the figures and the evidence.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the logs though every promise was kept.")] = False,
    faults: Annotated[Path | None, typer.Option(help="A plan.json to follow instead of the seed's.")] = None,
) -> None:
    """Pull plugs under load, then check that nothing was lost and nothing done twice."""
    console = Console()
    seed = secrets.randbelow(10**6) if seed is None else seed
    out = out or Path(tempfile.mkdtemp(prefix=f"playhead-chaos-{seed}-"))
    planned = tuple(plan.load(faults)) if faults else ()
    console.print(f"seed {seed}, {seconds:.0f} s; plan, figures and evidence in {out}")
    plan.describe(list(planned) or plan.make_plan(seed, seconds), lambda line: console.print(line, highlight=False))
    options = Options(seconds=seconds, seed=seed, out=out, jobs_per_second=rate, plan=planned)
    outcome = asyncio.run(run(options, lambda line: console.print(line, highlight=False)))
    (out / "figures.json").write_text(report.as_json(outcome))
    report.show(outcome, console)
    if not (outcome.verdict.violations or keep):
        shutil.rmtree(out / "logs", ignore_errors=True)
    word = f"{len(outcome.verdict.violations)} promises broken" if outcome.verdict.violations else "every promise kept"
    console.print(f"seed {seed}: {word}. Replay: make chaos SECONDS={seconds:.0f} SEED={seed}. Kept in {out}")
    raise typer.Exit(bool(outcome.verdict.violations))


if __name__ == "__main__":
    typer.run(main)
