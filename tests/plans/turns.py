# ruff: noqa: S608 - of constants
"""The turns of the housekeeping, taken as a worker takes them: whatever task comes to it is asked by itself."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from unittest import mock

from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

import playhead.turns
from playhead.database import now
from playhead.pulse import Pulse
from playhead.schedules.system import TASKS
from playhead.settings import Settings
from playhead.storage import Storage
from tests.plans.crowd import BATCHES, ENDED, WAITING, id_of
from tests.plans.crowd_programs import STORY, SUMMARY
from tests.plans.explaining import Question
from tests.plans.undone import within
from worker.housekeeping import Housekeeping


def _some(table: str, numbers: range) -> str:
    return "(" + ", ".join(f"'{id_of(table, number)}'" for number in numbers) + ")"


_LONG_AGO = "now() - interval '1000 days'"
_ENDED = "state = 'succeeded', lease = NULL, follows = false"
DUE: Mapping[str, tuple[str, ...]] = {
    "due": (f"UPDATE jobs SET run_at = now() WHERE id IN {_some('job', range(ENDED + 2, ENDED + 40, 2))}",),
    "expire": (f"UPDATE jobs SET expires_at = now() WHERE id IN {_some('job', range(WAITING + 1, WAITING + 20))}",),
    "rescue": ("UPDATE workers SET stopped_at = now()",),
    "reissue": ("UPDATE procrastinate_jobs SET status = 'doing' WHERE id <= 10",),
    "reissue_missing": ("DELETE FROM procrastinate_jobs WHERE id <= 10",),
    "jobs": (f"UPDATE jobs SET finished_at = {_LONG_AGO} WHERE id IN {_some('job', range(1, 20))}",),
    "batches": (
        f"UPDATE batches SET created_at = {_LONG_AGO} WHERE id = '{id_of('batch', 1)}'",
        f"UPDATE jobs SET {_ENDED}, finished_at = {_LONG_AGO} WHERE parent_id = '{id_of('batch', 1)}'",
    ),
    "runs": (f"UPDATE schedule_runs SET at = {_LONG_AGO} WHERE id IN {_some('run', range(1, 20))}",),
    "quarantine": (f"UPDATE engine_deaths SET last_at = {_LONG_AGO} WHERE ctid IN ('(0,1)', '(0,2)')",),
    "workers": (
        f"""INSERT INTO workers (id, name, device, queues, concurrency, version, heartbeat_at)
            SELECT gen_random_uuid(), 'w', 'cpu', '{{gpu}}', '{{}}', '1', {_LONG_AGO} FROM generate_series(1, 30)""",
    ),
    "schedules": (f"UPDATE schedules SET next_at = now() WHERE id IN {_some('schedule', range(1, 100))}",),
    "episodes": (
        f"UPDATE jobs SET state = 'succeeded', result = '{SUMMARY}' WHERE id = '{id_of('job', 20 * BATCHES)}'",
        f"UPDATE episodes SET state = 'wanted', batch_id = NULL WHERE id IN {_some('episode', range(2, 20))}",
    ),
    "stories": (
        f"UPDATE jobs SET {_ENDED} WHERE parent_id = '{id_of('batch', 0)}'",
        f"UPDATE jobs SET result = '{STORY.model_dump_json()}' WHERE id = '{id_of('job', 20 * BATCHES)}'",
    ),
    "digests": ("UPDATE digests SET next_at = now()",),
}
"""What makes something due that is not; a turn that has nothing to do asks little."""
IDLE = {"frozen", "feeds"}
"""Turns for which nothing is due: nobody has frozen here, and feeds would be asked over the network."""


async def _take(name: str, session: AsyncSession) -> None:
    for statement in DUE.get(name, ()):
        await (await session.connection()).exec_driver_sql(statement)
    pulse = Pulse(timedelta())
    pulse.beat(await now(session))
    some = mock.patch.object(playhead.turns, "TURN_SECONDS", 1.0)
    with tempfile.TemporaryDirectory() as folder, capture_logs() as told, some:
        settings = Settings(data_dir=Path(folder), engines="stub", admin_key=None)
        storage = Storage.from_url(settings.storage_location)
        await storage.put_bytes(b"")  # Else it is none: nothing is removed from a folder that may not be mounted.
        await Housekeeping(within(session), storage, settings, pulse).turns[name]()
    assert name in IDLE or {"swept", "orphans_cleared"} & {one["event"] for one in told}, (
        f"there was nothing to do: {told}"
    )


QUESTIONS: Mapping[str, Question] = {f"turn: {name}": functools.partial(_take, name) for name in TASKS}
