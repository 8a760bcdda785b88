"""An adventure whose worker is killed inside of every step that can be held, and between every two of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from playhead.models import AdventureEntry, File, Job
from playhead.states import State
from playhead.stories.steps import STEPS, TELL, TRANSLATE
from tests.acceptance.processes import api, worker
from tests.acceptance.witness import code, given

if TYPE_CHECKING:
    from tests.worker.conftest import House

pytestmark = pytest.mark.heavy

PATH = "/api/v1/adventures"
WANTED = {"language": "en", "level": "A1", "native_language": "fr", "theme": "Ann finds a map. Is it old? She goes."}


async def begin(http: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await http.post(PATH, json=WANTED)).raise_for_status().json())


async def jobs(http: httpx.AsyncClient, entry: dict[str, Any]) -> dict[str, UUID]:
    batch = (await http.get(f"/api/v1/batches/{entry['batch_id']}")).raise_for_status().json()
    return {name: UUID(batch["jobs"][name]) for name in STEPS}


async def die_inside(house: House, job_id: UUID, name: str, seen: Path) -> None:
    """Begin this step, and be killed before the model has answered."""
    async with worker(house, "--kinds", name, code=code(seen, gives=0)) as first:
        await house.until(job_id, lambda job: job.state == State.RUNNING)
        first.process.kill()


async def die_after(house: House, job_id: UUID, name: str, seen: Path) -> None:
    """Do this step, and be killed when it is done."""
    async with worker(house, "--kinds", name, code=code(seen)) as second:
        assert (await house.ended(job_id)).state == State.SUCCEEDED
        second.process.kill()


async def rows(house: House, model: type[Any]) -> list[Any]:
    async with house.database.transaction() as session:
        return list(await session.scalars(select(model)))


async def test_no_entry_is_lost_or_written_twice(house: House, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    async with api(house) as http:
        told = await begin(http)
        path = f"{PATH}/{told['id']}"
        for number in (1, 2):
            for name, job_id in (await jobs(http, told["entries"][-1])).items():
                if name in {TELL, TRANSLATE}:
                    await die_inside(house, job_id, name, seen)
                await die_after(house, job_id, name, seen)
            # Whoever comes next writes it down, whatever kinds of jobs it is there for.
            async with worker(house, "--kinds", "notate"):
                told = (await http.get(path, params={"wait": 60})).json()
            assert (told["status"], told["latest"]) == ("active", number)
            if number == 1:
                await http.post(f"{path}/decisions", json={"choice": 2, "entry": 1})
                told = (await http.get(path)).json()
        entry = (await http.get(f"{path}/entries/2")).json()
        assert all(sentence["translation"] for sentence in entry["sentences"])
    assert sum(given(seen).values()) == 4, "each question of the two entries was answered once"
    assert [entry.status for entry in await rows(house, AdventureEntry)] == ["complete"] * 2
    assert len(await rows(house, File)) == 4
    assert [job.state for job in await rows(house, Job)] == [State.SUCCEEDED] * 2 * len(STEPS)
