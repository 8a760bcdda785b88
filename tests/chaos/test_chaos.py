"""Plugs pulled for CHAOS_SECONDS, and what comes after. `make chaos` runs longer; the seed of a failure replays it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos import plan
from chaos.outcome import Options
from chaos.run import run

SEED = int(os.environ.get("CHAOS_SEED", "7"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "90"))
JOBS_PER_SECOND = 3.0
"""Two cores that other tests share."""


@pytest.mark.heavy
@pytest.mark.timeout(900)
async def test_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    faults = tuple(plan.make_plan(SEED, SECONDS))
    options = Options(seconds=SECONDS, seed=SEED, out=tmp_path, jobs_per_second=JOBS_PER_SECOND, faults=faults)
    outcome = await run(options, print)
    told = outcome.figures
    assert outcome.verdict.violations == [], f"seed {SEED}; evidence in {tmp_path}"
    assert told["jobs"] > SECONDS / 2
    assert told["runs"]["lost"] > 0
    assert set(told["ends"]) >= {"succeeded", "failed"}
