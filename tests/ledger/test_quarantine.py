from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from playhead.errors import (
    EngineCrashedError,
    EngineDiedError,
    InputQuarantinedError,
    LeaseLostError,
    NotFoundError,
    StateConflictError,
    WorkerLostError,
)
from playhead.ledger import operate, quarantine, settle
from playhead.ledger.files import add_file
from playhead.ledger.settle import Cost, Made
from playhead.models import ADMIN_OWNER, EngineDeaths
from playhead.settings import RetrySettings
from playhead.states import State
from playhead.storage import Blob
from tests.ledger.conftest import confirm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playhead.errors import PlayheadError
    from playhead.ledger.run import Run
    from tests.ledger.conftest import Bench

SHA, OTHER = "a" * 64, "b" * 64
DIED = EngineDiedError("The engine died: segmentation fault (SIGSEGV).")


async def upload(bench: Bench, sha256: str = SHA) -> dict[str, str]:
    """The input that a new file of these bytes is."""
    about: dict[str, Any] = {"name": None, "media_type": "audio/wav", "duration_seconds": None}
    async with bench.database.transaction() as session:
        file = await add_file(session, owner_id=ADMIN_OWNER, blob=Blob(sha256, 1), expires_in_seconds=60, **about)
    return {"file": str(file.id)}


async def die(bench: Bench, times: int = 1, sha256: str = SHA, **changes: Any) -> list[Run]:
    """As many jobs with these bytes, each of which kills one engine."""
    runs = [await bench.running(input=await upload(bench, sha256), **changes) for _ in range(times)]
    for run in runs:
        await bench.fail(run, DIED)
    return runs


async def rows(bench: Bench) -> Sequence[EngineDeaths]:
    async with bench.database.transaction() as session:
        return (await session.scalars(select(EngineDeaths).order_by(EngineDeaths.sha256))).all()


async def make_old(bench: Bench, sha256: str) -> None:
    past = func.now() - text("interval '91 days'")
    async with bench.database.transaction() as session:
        await session.execute(update(EngineDeaths).where(EngineDeaths.sha256 == sha256).values(last_at=past))


async def lift(bench: Bench, kind: str = "transcribe") -> None:
    async with bench.database.transaction() as session:
        await quarantine.lift(session, kind, SHA)


async def retry(bench: Bench, job_id: UUID) -> None:
    async with bench.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, job_id)


async def test_the_second_engine_that_a_job_kills_ends_it_with_attempts_left(bench: Bench) -> None:
    job_id = await bench.submit(input=await upload(bench), max_attempts=9)
    for expected in (State.WAITING, State.FAILED):
        await bench.set(job_id, state=State.QUEUED)
        run = await bench.claim(job_id)
        assert run is not None
        assert await bench.fail(run, DIED) == expected
    job = await bench.job(job_id)
    assert (job.state, job.attempt) == (State.FAILED, 2)
    assert job.error is not None
    assert job.error["code"] == "engine_crashed"
    assert job.error["message"].startswith(DIED.message)
    assert f"`playhead quarantine lift transcribe {SHA}`" in job.error["message"]
    (row,) = await rows(bench)
    assert (row.deaths, row.job_ids) == (2, [job_id, job_id])
    assert row.last_error == {"message": DIED.message, "attempt": 2, "job_id": str(job_id)}


async def test_deaths_count_by_content_over_jobs(bench: Bench) -> None:
    first, second = await die(bench, 2)
    assert (await bench.state(first.job_id), await bench.state(second.job_id)) == (State.WAITING, State.FAILED)
    with pytest.raises(InputQuarantinedError) as refused:
        await bench.submit(input=await upload(bench))
    assert refused.value.field == "input.file"
    assert not refused.value.transient
    await bench.submit(input=await upload(bench), kind="other")
    await bench.submit(input=await upload(bench, OTHER))


async def test_of_deaths_at_the_same_time_each_counts(bench: Bench) -> None:
    runs = [await bench.running(input=await upload(bench)) for _ in range(8)]
    states = await asyncio.gather(*(bench.fail(run, DIED) for run in runs))
    (row,) = await rows(bench)
    assert (row.deaths, sorted(row.job_ids)) == (8, sorted(run.job_id for run in runs))
    # Whoever counted the first may be tried again; each of the others saw that it was not the first.
    assert sorted(states) == [State.FAILED] * 7 + [State.WAITING]


async def test_the_second_death_waits_for_the_commit_of_the_first(bench: Bench) -> None:
    first, second = [await bench.running(input=await upload(bench)) for _ in range(2)]
    async with bench.database.transaction() as session:
        await settle.fail(session, first, DIED, Cost(), RetrySettings())
        later = asyncio.create_task(bench.fail(second, DIED))
        await bench.blocked()
    assert await later == State.FAILED


async def test_a_first_death_that_is_rolled_back_does_not_count(bench: Bench) -> None:
    first, second = [await bench.running(input=await upload(bench)) for _ in range(2)]
    async with bench.database.transaction() as session:
        await settle.fail(session, first, DIED, Cost(), RetrySettings())
        later = asyncio.create_task(bench.fail(second, DIED))
        await bench.blocked()
        await session.rollback()
    assert await later == State.WAITING
    assert [row.deaths for row in await rows(bench)] == [1]


async def test_a_zombie_counts_nothing(bench: Bench) -> None:
    run = await bench.running(input=await upload(bench))
    await bench.fail(run, DIED)
    for _ in range(2):
        with pytest.raises(LeaseLostError):
            await bench.fail(run, DIED)
    async with bench.database.transaction() as session:
        with pytest.raises(LeaseLostError):
            await quarantine.convict(session, run, DIED.message, 2)
    assert [row.deaths for row in await rows(bench)] == [1]


@pytest.mark.parametrize("error", [EngineCrashedError("out of memory"), WorkerLostError("gone")])
async def test_other_failures_do_not_count(bench: Bench, error: PlayheadError) -> None:
    for _ in range(3):
        assert await bench.fail(await bench.running(input=await upload(bench)), error) == State.WAITING
    assert list(await rows(bench)) == []


async def test_a_death_without_known_content_does_not_count(bench: Bench) -> None:
    assert await bench.fail(await bench.running(), DIED) == State.WAITING
    assert list(await rows(bench)) == []


@pytest.mark.parametrize(("after", "states"), [(0, "WWWW"), (1, "FFFF"), (3, "WWFF")])
async def test_how_many_deaths_it_takes_is_set(bench: Bench, after: int, states: str) -> None:
    runs = [await bench.running(input=await upload(bench)) for _ in range(4)]
    ends = [await bench.fail(run, DIED, RetrySettings(quarantine_after=after)) for run in runs]
    assert ends == [State.WAITING if state == "W" else State.FAILED for state in states]


async def test_what_is_in_quarantine_stays_there_when_more_deaths_are_allowed(bench: Bench) -> None:
    late = await bench.running(input=await upload(bench))
    await die(bench, 2)
    assert await bench.fail(late, DIED, RetrySettings(quarantine_after=9)) == State.FAILED


async def test_a_success_ends_the_count(bench: Bench) -> None:
    good, later = [await bench.running(input=await upload(bench)) for _ in range(2)]
    await die(bench)
    await bench.succeed(good)
    assert list(await rows(bench)) == []
    assert await bench.fail(later, DIED) == State.WAITING


async def test_a_success_of_another_kind_or_content_does_not(bench: Bench) -> None:
    runs = [
        await bench.running(input=await upload(bench), kind="other"),
        await bench.running(input=await upload(bench, OTHER)),
    ]
    await die(bench, 2)
    for run in runs:
        await bench.succeed(run)
    assert [(row.kind, row.sha256, row.deaths) for row in await rows(bench)] == [("transcribe", SHA, 2)]


async def test_a_zombies_success_acquits_nobody(bench: Bench) -> None:
    (run,) = await die(bench)
    with pytest.raises(LeaseLostError):
        await bench.succeed(run)
    assert [row.deaths for row in await rows(bench)] == [1]


async def test_lifting_begins_the_count_anew(bench: Bench) -> None:
    with pytest.raises(NotFoundError):
        await lift(bench)
    await die(bench)
    with pytest.raises(NotFoundError):  # One death is no quarantine yet.
        await lift(bench)
    await die(bench)
    with pytest.raises(NotFoundError):
        await lift(bench, "other")
    await lift(bench)
    (run,) = await die(bench)
    assert await bench.state(run.job_id) == State.WAITING


async def test_a_retry_by_hand_is_refused_until_it_is_lifted(bench: Bench) -> None:
    _, convicted = await die(bench, 2)
    with pytest.raises(StateConflictError, match="playhead quarantine lift transcribe"):
        await retry(bench, convicted.job_id)
    assert await bench.state(convicted.job_id) == State.FAILED
    await lift(bench)
    await retry(bench, convicted.job_id)
    assert await bench.state(convicted.job_id) == State.QUEUED


async def test_an_output_of_another_job_is_judged_by_its_bytes(bench: Bench) -> None:
    made = await bench.running()
    async with bench.database.transaction() as session:
        await settle.succeed(session, made, {}, [Made("a.wav", SHA, 1, "audio/wav")], Cost(), confirm)
    taking = {"job": str(made.job_id), "output": "a.wav"}
    early = await bench.submit(input=taking)
    await bench.set(early, state=State.CANCELED, input_sha256=None)
    await die(bench, 2)
    with pytest.raises(InputQuarantinedError) as refused:
        await bench.submit(input=taking)
    assert refused.value.field == "input.output"
    with pytest.raises(StateConflictError, match="quarantine"):
        await retry(bench, early)


async def test_a_repeated_request_gives_the_job_that_it_made(bench: Bench) -> None:
    asked = {"input": await upload(bench), "idempotency_key": "once"}
    job_id = await bench.submit(**asked)
    await die(bench, 2)
    assert await bench.submit(**asked) == job_id


async def test_the_list_is_of_what_is_in_quarantine_the_latest_first(bench: Bench) -> None:
    await die(bench, 2)
    await die(bench, 1, "c" * 64)
    await die(bench, 2, OTHER)
    await die(bench, 2, kind="other")
    async with bench.database.transaction() as session:
        found = await quarantine.quarantined(session, limit=9)
        of_kind = await quarantine.quarantined(session, "transcribe", limit=1)
        counts = await quarantine.counts(session)
    assert [(row.kind, row.sha256) for row in found] == [("other", SHA), ("transcribe", OTHER), ("transcribe", SHA)]
    assert [row.sha256 for row in of_kind] == [OTHER]
    assert counts == {"transcribe": 2, "other": 1}


async def test_what_killed_nothing_for_long_is_forgotten(bench: Bench) -> None:
    await die(bench, 2)
    await die(bench, 2, OTHER)
    await make_old(bench, SHA)
    async with bench.database.transaction() as session:
        assert await quarantine.drop_old(session, 0) == 0
        assert await quarantine.drop_old(session, 90 * 86_400) == 1
    assert [row.sha256 for row in await rows(bench)] == [OTHER]


async def test_forgetting_and_a_new_death_do_not_wait_for_each_other(bench: Bench) -> None:
    await die(bench)
    late = await bench.running(input=await upload(bench))
    await make_old(bench, SHA)
    async with bench.database.transaction() as session:
        assert await settle.fail(session, late, DIED, Cost(), RetrySettings()) == State.FAILED
        async with bench.database.transaction() as sweeping:
            assert await quarantine.drop_old(sweeping, 86_400) == 0
    assert [row.deaths for row in await rows(bench)] == [2]
