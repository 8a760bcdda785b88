"""What is kept of a job that broke a promise: its history, what was asked, and what the logs say of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from chaos.diary import Diary
from chaos.verdict import Verdict

MOST = 50
"""Jobs of which all is kept; the first will tell enough."""
MOST_LINES = 2000


async def keep_histories(
    connection: asyncpg.Connection, verdict: Verdict, diary: Diary, out: Path, also: Sequence[UUID] = ()
) -> None:
    """Write ``histories/ID.json`` for each offending job, and for those that are worth a look."""
    folder = out / "histories"
    offenders = [*sorted({one.job_id for one in verdict.violations if one.job_id})[:MOST], *also]
    folder.mkdir(exist_ok=True)
    asked = {one.job_id: asdict(one) for one in diary.asked.values()}
    for job_id in offenders:
        kept: dict[str, Any] = {
            "violations": [f"{one.rule}: {one.text}" for one in verdict.violations if one.job_id == job_id]
        }
        kept |= {"asked": asked.get(job_id), **await _rows(connection, job_id)}
        kept |= {"log": _log_lines(out / "logs", str(job_id))}
        (folder / f"{job_id}.json").write_text(json.dumps(kept, indent=1, default=str))


async def _rows(connection: asyncpg.Connection, job_id: UUID) -> dict[str, Any]:
    one = {"job": "SELECT * FROM jobs WHERE id = $1", "checkpoint": "SELECT * FROM checkpoints WHERE job_id = $1"}
    every = {
        "events": "SELECT * FROM job_events WHERE job_id = $1 ORDER BY id",
        "outputs": "SELECT * FROM outputs WHERE job_id = $1",
        "tickets": "SELECT * FROM procrastinate_jobs WHERE CAST(args ->> 'job_id' AS uuid) = $1",
    }
    rows: dict[str, Any] = {name: await connection.fetchrow(query, job_id) for name, query in one.items()}
    rows = {name: row and dict(row) for name, row in rows.items()}
    return rows | {name: [dict(row) for row in await connection.fetch(query, job_id)] for name, query in every.items()}


def _log_lines(logs: Path, job_id: str) -> list[str]:
    lines: list[str] = []
    for log in sorted(logs.glob("*.log")):
        with log.open(errors="replace") as said:
            lines += [f"{log.name}: {line.strip()}" for line in said if job_id in line]
    return lines[:MOST_LINES]
