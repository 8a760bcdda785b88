"""Jobs with several inputs, and with texts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from playhead.errors import InputQuarantinedError, InvalidError, StateConflictError
from playhead.identity import new_id
from playhead.ledger import clearing, operate, settle
from playhead.ledger.batches import operate as batches
from playhead.ledger.batches.create import BatchSubmission, create
from playhead.ledger.files import add_file, keep_blobs, remove_file
from playhead.ledger.inputs import several
from playhead.ledger.settle import Cost, Made
from playhead.models import ADMIN_OWNER, EngineDeaths, Job
from playhead.states import State
from playhead.storage import Blob
from tests.ledger.conftest import BASE, confirm

if TYPE_CHECKING:
    from uuid import UUID

    from tests.ledger.conftest import Bench

URL = {"url": "https://example.com/a.mp3"}


async def upload(bench: Bench, sha256: str) -> UUID:
    about: dict[str, Any] = {"name": None, "media_type": "text/plain", "duration_seconds": None}
    async with bench.database.transaction() as session:
        blob = Blob(sha256, 1)
        return (await add_file(session, owner_id=ADMIN_OWNER, blob=blob, expires_in_seconds=3600, **about)).id


async def make(bench: Bench, job_id: UUID, **outputs: str) -> None:
    """The job succeeds with these outputs."""
    run = await bench.claim(job_id)
    assert run is not None
    made = [Made(name, sha256, 1, "text/plain") for name, sha256 in outputs.items()]
    async with bench.database.transaction() as session:
        await keep_blobs(session, {Blob(one.sha256, 1) for one in made})
        await settle.succeed(session, run, {}, made, Cost(), confirm)


async def contents(bench: Bench, job_id: UUID) -> list[str | None]:
    async with bench.database.transaction() as session:
        return await several(session, job_id)


async def doomed(bench: Bench) -> set[str]:
    async with bench.database.transaction() as session:
        return set(await clearing.doom_orphans(session, -1))


async def test_several_inputs_keep_their_order_and_wait_for_all_that_make_them(bench: Bench) -> None:
    first, second = await bench.submit(), await bench.submit()
    file = await upload(bench, "f" * 64)
    asked = [
        {"job": str(second), "output": "b"},
        {"file": str(file)},
        {"text": "words"},
        {"job": str(first), "output": "a"},
        URL,
    ]
    job_id = await bench.submit(input={"all": asked})
    assert await contents(bench, job_id) == [None, "f" * 64, None, None, None]
    await make(bench, first, a="1" * 64)
    assert await bench.state(job_id) == State.WAITING
    await make(bench, second, b="2" * 64)
    assert await bench.state(job_id) == State.QUEUED
    assert await contents(bench, job_id) == ["2" * 64, "f" * 64, None, "1" * 64, None]
    run = await bench.claim(job_id)
    assert run is not None
    assert run.input == {"all": asked}


async def test_what_is_made_already_is_known_at_once(bench: Bench) -> None:
    maker = await bench.submit()
    await make(bench, maker, a="1" * 64)
    job_id = await bench.submit(input={"all": [{"job": str(maker), "output": "a"}, URL]})
    assert (await contents(bench, job_id), await bench.state(job_id)) == (["1" * 64, None], State.QUEUED)


@pytest.mark.parametrize(
    ("place", "field"),
    [
        ({"file": str(new_id())}, "input.all.1.file"),
        ({"job": str(new_id()), "output": "a"}, "input.job"),
    ],
)
async def test_one_that_is_not_there_is_named(bench: Bench, place: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        await bench.submit(input={"all": [URL, place]})
    assert refused.value.field == field


async def test_an_output_that_was_not_made_is_named(bench: Bench) -> None:
    maker = await bench.submit()
    await make(bench, maker, a="1" * 64)
    with pytest.raises(InvalidError) as refused:
        await bench.submit(input={"all": [{"job": str(maker), "output": "b"}]})
    assert refused.value.field == "input.all.0.output"


async def test_one_in_quarantine_is_named(bench: Bench) -> None:
    file = await upload(bench, "f" * 64)
    about: dict[str, Any] = {"deaths": 2, "job_ids": [], "last_error": {"message": "", "attempt": 1, "job_id": ""}}
    async with bench.database.transaction() as session:
        session.add(EngineDeaths(kind="transcribe", sha256="f" * 64, **about))
    assert await bench.state(await bench.submit(input={"all": [URL, {"file": str(file)}]})) == State.QUEUED
    async with bench.database.transaction() as session:
        await session.execute(update(EngineDeaths).values(quarantined_at=func.now()))
    with pytest.raises(InputQuarantinedError) as refused:
        await bench.submit(input={"all": [URL, {"file": str(file)}]})
    assert refused.value.field == "input.all.1.file"


async def test_the_bytes_of_each_are_kept_until_it_succeeds(bench: Bench) -> None:
    file = await upload(bench, "f" * 64)
    job_id = await bench.submit(input={"all": [URL, {"file": str(file)}]})
    async with bench.database.transaction() as session:
        await remove_file(session, ADMIN_OWNER, file)
    assert await doomed(bench) == set()
    await make(bench, job_id)
    assert await doomed(bench) == {"f" * 64}


async def test_a_job_with_one_in_quarantine_is_not_retried_alone_nor_with_its_batch(bench: Bench) -> None:
    child = replace(BASE, input={"all": [URL, {"file": str(await upload(bench, "f" * 64))}]})
    async with bench.database.transaction() as session:
        batch_id = await create(session, BatchSubmission(ADMIN_OWNER, [child], trace_id="trace"))
        await batches.cancel(session, ADMIN_OWNER, batch_id)
        job_id = (await session.scalars(select(Job.id).where(Job.parent_id == batch_id))).one()
        about: dict[str, Any] = {"deaths": 2, "job_ids": [], "last_error": {"message": "", "attempt": 1, "job_id": ""}}
        session.add(EngineDeaths(kind="transcribe", sha256="f" * 64, quarantined_at=func.now(), **about))
    for retry, one in ((operate.retry, job_id), (batches.retry, batch_id)):
        async with bench.database.transaction() as session:
            with pytest.raises(StateConflictError):
                await retry(session, ADMIN_OWNER, one)
    assert await bench.state(job_id) == State.CANCELED
