"""Entries are written down once, from what their jobs made, whatever dies on the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import delete, update

from playhead.errors import (
    DocumentUnreadableError,
    InvalidError,
    ModelUnavailableError,
    StateConflictError,
    StorageError,
)
from playhead.ledger import clearing, operate, retention
from playhead.ledger.batches import operate as batches
from playhead.models import ADMIN_OWNER, Blob, File, Job, Output
from playhead.states import State
from playhead.stories import outcome
from playhead.stories.steps import ANNOTATE, SPEAK, STEPS, TELL, TRANSLATE, TRANSLATION
from playhead.story import Story
from tests.activity import until_blocked
from tests.stories.conftest import story

if TYPE_CHECKING:
    from uuid import UUID

    from tests.stories.conftest import Desk


async def test_an_entry_is_complete_once_all_of_its_jobs_are_done(desk: Desk) -> None:
    adventure_id = await desk.begin()
    assert (await desk.view(adventure_id)).status == "awaiting_first_entry"
    for step in STEPS:
        assert await desk.reconciler.advance() == 0
        await desk.end(adventure_id, step)
    assert (await desk.view(adventure_id)).status == "awaiting_first_entry"
    assert await desk.reconciler.advance() == 1

    view = await desk.view(adventure_id)
    entry = view.latest
    assert (view.status, entry.status, entry.error) == ("active", "complete", None)
    assert Story.model_validate(entry.story) == story()
    assert entry.translation == ["Ann a une carte.", "", "Elle la prit."], "one was left as it was"
    audio, annotation = await desk.files()
    assert (entry.audio_id, entry.annotation_id) == (audio.id, annotation.id)
    assert (audio.name, audio.duration_seconds, audio.expires_at) == ("1-speech.mp3", 3.5, None)
    assert entry.finished_at is not None


async def test_it_is_written_down_once_by_any_number_of_workers(desk: Desk) -> None:
    adventure_id = await desk.begin()
    for step in STEPS:
        await desk.end(adventure_id, step)
    assert sum(await asyncio.gather(*(desk.reconciler.advance() for _ in range(4)))) == 1
    assert await desk.reconciler.advance() == 0
    assert len(await desk.files()) == 2


async def test_what_was_begun_by_one_who_died_is_done_by_the_next(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    adventure_id = await desk.begin()
    for step in STEPS:
        await desk.end(adventure_id, step)
    usual = outcome.look

    async def die(session: Any, batch_id: Any, *, held: bool = False) -> Any:
        if held:
            raise ConnectionResetError
        return await usual(session, batch_id)

    with monkeypatch.context() as dying:
        dying.setattr("playhead.stories.reconciling.look", die)
        with pytest.raises(ConnectionResetError):
            await desk.reconciler.advance()
    assert (await desk.latest(adventure_id)).status == "pending"
    assert await desk.reconciler.advance() == 1
    assert len(await desk.files()) == 2


async def test_without_another_language_nothing_is_translated(desk: Desk) -> None:
    adventure_id = await desk.begin(native_language="en", annotated=False)
    await desk.end(adventure_id, TELL)
    await desk.end(adventure_id, SPEAK)
    await desk.reconciler.advance()
    entry = await desk.latest(adventure_id)
    assert (entry.status, entry.translation, entry.annotation_id) == ("complete", None, None)
    assert len(await desk.all(Job)) == 2


async def test_a_language_that_has_no_grammar_here_is_no_fault_of_the_entry(desk: Desk) -> None:
    adventure_id = await desk.begin(language="ja")
    for one in STEPS:
        await desk.end(adventure_id, one, InvalidError("cannot be annotated") if one == ANNOTATE else None)
    await desk.reconciler.advance()
    entry = await desk.latest(adventure_id)
    assert (entry.status, entry.error, entry.annotation_id) == ("complete", None, None)
    assert entry.audio_id


@pytest.mark.parametrize("step", [TRANSLATE, SPEAK, ANNOTATE])
async def test_a_step_that_fails_is_named_and_alone_tried_again(step: str, desk: Desk) -> None:
    adventure_id = await desk.begin()
    for one in STEPS:
        await desk.end(adventure_id, one, ModelUnavailableError("not installed") if one == step else None)
    await desk.reconciler.advance()
    view = await desk.view(adventure_id)
    assert (view.status, view.error) == (
        "error",
        {"step": step, "code": "model_unavailable", "message": "not installed"},
    )
    assert await desk.files() == []

    await desk.retry(adventure_id)
    await desk.retry(adventure_id)
    assert (await desk.view(adventure_id)).status == "awaiting_first_entry"
    assert {name: (await desk.job(adventure_id, name)).state for name in STEPS} == {
        name: State.QUEUED if name == step else State.SUCCEEDED for name in STEPS
    }
    await desk.write(adventure_id)
    assert (await desk.view(adventure_id)).status == "active"
    assert len(await desk.all(Job)) == len(STEPS)


async def test_of_a_text_that_was_not_told_nothing_else_is_the_reason(desk: Desk) -> None:
    adventure_id = await desk.begin()
    await desk.end(adventure_id, TELL, DocumentUnreadableError("no theme"))
    await desk.reconciler.advance()
    assert (await desk.latest(adventure_id)).error == {
        "step": TELL,
        "code": "document_unreadable",
        "message": "no theme",
    }
    await desk.retry(adventure_id)
    await desk.write(adventure_id)


async def test_jobs_that_a_person_retried_are_not_asked_for_anew(desk: Desk) -> None:
    adventure_id = await desk.begin()
    for one in STEPS:
        await desk.end(adventure_id, one, InvalidError("no") if one == SPEAK else None)
    await desk.reconciler.advance()
    async with desk.database.transaction() as session:
        await batches.retry(session, ADMIN_OWNER, (await desk.latest(adventure_id)).batch_id)
    await desk.end(adventure_id, SPEAK)
    assert (await desk.latest(adventure_id)).status == "error"
    await desk.retry(adventure_id)
    assert await desk.reconciler.advance() == 1
    assert (await desk.latest(adventure_id)).status == "complete"
    assert len(await desk.all(Job)) == len(STEPS)


async def test_a_job_that_is_retried_at_that_moment_is_waited_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    adventure_id = await desk.begin()
    for one in STEPS:
        await desk.end(adventure_id, one, InvalidError("no") if one == SPEAK else None)
    batch_id, usual = (await desk.latest(adventure_id)).batch_id, outcome.look

    async def retried(session: Any, batch_id: Any, *, held: bool = False) -> Any:
        found = await usual(session, batch_id, held=held)
        if not held:
            async with desk.database.transaction() as other:
                await batches.retry(other, ADMIN_OWNER, batch_id)
        return found

    with monkeypatch.context() as at_that_moment:
        at_that_moment.setattr("playhead.stories.reconciling.look", retried)
        assert await desk.reconciler.advance() == 0
    assert (await desk.latest(adventure_id)).status == "pending"
    await desk.write(adventure_id)
    assert (await desk.latest(adventure_id)).batch_id == batch_id


async def test_a_step_that_a_person_left_out_is_left_out(desk: Desk) -> None:
    adventure_id = await desk.begin()
    async with desk.database.transaction() as session:
        await operate.skip(session, ADMIN_OWNER, (await desk.job(adventure_id, SPEAK)).id, None)
    for step in (TELL, TRANSLATE, ANNOTATE):
        await desk.end(adventure_id, step)
    await desk.reconciler.advance()
    entry = await desk.latest(adventure_id)
    assert (entry.status, entry.audio_id) == ("complete", None)


@pytest.mark.parametrize("wish", ["cancel", "skip", "delete"])
async def test_jobs_that_a_person_ended_are_asked_for_again(wish: str, desk: Desk) -> None:
    adventure_id = await desk.begin()
    batch_id = (await desk.latest(adventure_id)).batch_id
    async with desk.database.transaction() as session:
        if wish == "skip":
            await operate.skip(session, ADMIN_OWNER, (await desk.job(adventure_id, TELL)).id, None)
        else:
            await batches.cancel(session, ADMIN_OWNER, batch_id)
        if wish == "delete":
            await batches.remove(session, ADMIN_OWNER, batch_id)
    await desk.reconciler.advance()
    error = (await desk.latest(adventure_id)).error
    assert error is not None
    assert error["code"] == {"cancel": "canceled", "skip": "skipped", "delete": "input_missing"}[wish]
    await desk.retry(adventure_id)
    assert ((await desk.latest(adventure_id)).batch_id == batch_id) == (wish == "cancel")
    await desk.write(adventure_id)
    assert (await desk.view(adventure_id)).status == "active"


async def test_what_was_told_before_is_gone_on_from_when_jobs_are_asked_for_anew(desk: Desk) -> None:
    adventure_id = await desk.begin()
    await desk.write(adventure_id)
    entry = await desk.decide(adventure_id, 2)
    async with desk.database.transaction() as session:
        await batches.cancel(session, ADMIN_OWNER, entry.batch_id)
        await batches.remove(session, ADMIN_OWNER, entry.batch_id)
    await desk.reconciler.advance()
    await desk.retry(adventure_id)
    job = await desk.job(adventure_id, TELL)
    assert (Story.model_validate_json(job.input["text"]), job.params["choice"]) == (story(1), 2)


async def test_what_makes_no_sense_ends_in_an_error_and_is_made_anew(desk: Desk) -> None:
    broken, fine = await desk.begin(), await desk.begin()
    for adventure_id in (broken, fine):
        await desk.end(adventure_id, TELL, **({"title": None} if adventure_id == broken else {}))
        for step in (TRANSLATE, SPEAK, ANNOTATE):
            await desk.end(adventure_id, step)
    assert await desk.reconciler.advance() == 2
    error = (await desk.latest(broken)).error
    assert error is not None
    assert (error["step"], error["code"]) == (None, "internal")
    assert (await desk.latest(fine)).status == "complete"
    await desk.retry(broken)
    await desk.write(broken)


async def test_a_storage_that_is_away_is_no_fault_of_the_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    adventure_id = await desk.begin()
    for step in STEPS:
        await desk.end(adventure_id, step)

    async def be_away(*_: Any) -> Any:
        raise StorageError("away")

    with monkeypatch.context() as away:
        away.setattr(type(desk.storage), "read", be_away)
        with pytest.raises(StorageError):
            await desk.reconciler.advance()
    assert (await desk.latest(adventure_id)).status == "pending"
    assert await desk.reconciler.advance() == 1


async def test_bytes_that_cannot_be_read_hold_up_no_other_entry(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = await desk.begin()
    for step in STEPS:
        await desk.end(broken, step)
    fine, usual, asked = await desk.begin(), type(desk.storage).read, list[str]()
    for step in STEPS:
        await desk.end(fine, step)

    async def read(storage: Any, sha256: str, *rest: Any) -> Any:
        asked.append(sha256)
        if len(asked) == 1:
            raise StorageError("this disk has a hole")
        return await usual(storage, sha256, *rest)

    monkeypatch.setattr(type(desk.storage), "read", read)
    with pytest.raises(StorageError):
        await desk.reconciler.advance()
    assert [(await desk.latest(one)).status for one in (broken, fine)] == ["pending", "complete"]


async def test_no_connection_is_held_while_the_storage_reads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    adventure_id = await desk.begin()
    for step in STEPS:
        await desk.end(adventure_id, step)
    usual, held = type(desk.storage).read, []

    async def watched(*arguments: Any) -> Any:
        held.append(desk.database.engine.pool.checkedout())  # type: ignore[attr-defined]
        return await usual(*arguments)

    monkeypatch.setattr(type(desk.storage), "read", watched)
    assert await desk.reconciler.advance() == 1
    assert held == [0]


async def test_an_entry_outlives_its_jobs(desk: Desk) -> None:
    adventure_id = await desk.begin()
    await desk.write(adventure_id)
    entry = await desk.latest(adventure_id)
    async with desk.database.transaction() as session:
        await session.execute(update(Job).values(finished_at=entry.created_at))
        await batches.remove(session, ADMIN_OWNER, entry.batch_id)
        await session.execute(update(Blob).values(touched_at=entry.created_at))
        doomed = await clearing.doom_orphans(session, 0)
        await retention.drop_expired_files(session)
    async with desk.database.transaction() as session:
        await session.execute(delete(Output))
    kept = {file.sha256 for file in await desk.files()}
    assert len(kept) == 2
    assert not kept & set(doomed)
    assert len(doomed) == 1, f"of {TRANSLATION} the text is in the row"
    assert (await desk.decide(adventure_id, 1)).number == 2
    assert (await desk.job(adventure_id, TELL)).params["choice"] == 1


async def test_a_file_that_its_owner_deletes_is_missed_by_nobody(desk: Desk) -> None:
    adventure_id = await desk.begin()
    await desk.write(adventure_id)
    async with desk.database.transaction() as session:
        await session.execute(delete(File))
    entry = await desk.latest(adventure_id)
    assert (entry.audio_id, entry.annotation_id, entry.status) == (None, None, "complete")


@pytest.mark.parametrize("ended", [False, True])
async def test_what_is_forgotten_leaves_nothing_to_write_down(desk: Desk, ended: bool) -> None:  # noqa: FBT001
    adventure_id = await desk.begin()
    if ended:
        await desk.write(adventure_id)
    await desk.remove(adventure_id)
    assert await desk.files() == []
    assert await desk.reconciler.advance() == 0
    states = {job.state for job in await desk.all(Job)}
    assert states == {State.SUCCEEDED if ended else State.CANCELED}


async def test_there_is_nothing_to_try_again_of_what_is_complete(desk: Desk) -> None:
    adventure_id: UUID = await desk.begin()
    await desk.write(adventure_id)
    with pytest.raises(StateConflictError):
        await desk.retry(adventure_id)


async def test_what_is_written_down_while_it_is_forgotten_leaves_no_file(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    adventure_id = await desk.begin()
    for step in STEPS:
        await desk.end(adventure_id, step)
    usual, forgetting = outcome.look, list[asyncio.Task[None]]()

    async def forget(session: Any, batch_id: Any, *, held: bool = False) -> Any:
        if held:
            forgetting.append(asyncio.create_task(desk.remove(adventure_id)))
            await until_blocked(desk.database)
        return await usual(session, batch_id, held=held)

    monkeypatch.setattr("playhead.stories.reconciling.look", forget)
    assert await desk.reconciler.advance() == 1
    await asyncio.gather(*forgetting)
    assert await desk.files() == []
