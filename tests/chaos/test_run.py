from __future__ import annotations

from pathlib import Path
from typing import cast

import asyncpg

from chaos.outcome import Options
from chaos.run import _Trial
from chaos.stack import Stack
from tests.chaos.forged import JOB


async def test_evidence_that_cannot_be_kept_does_not_cost_the_verdict(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "logs").mkdir()
    trial = _Trial(Options(60, 7, tmp_path), Stack(tmp_path, tmp_path), said.append)
    no_connection = cast("asyncpg.Connection", None)
    await trial._keep(no_connection, [JOB])
    assert [line.split(":")[0] for line in said] == ["not all of the evidence could be kept"]
