"""Letters and posts through the whole worker: real servers on the other side."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import pytest_asyncio
from standardwebhooks import Webhook

from playhead.ledger import operate
from playhead.ledger.files import remove_file
from playhead.models import ADMIN_OWNER
from playhead.settings import MailSettings, Settings
from playhead.states import State
from tests.engines.webhook_receiver import SECRET, Receiver, webhook_receiver
from tests.mail_server import GONE, MailServer, mail_server

if TYPE_CHECKING:
    from playhead.models import Job
    from tests.worker.conftest import House

ANN, BOB = "ann@example.com", "bob@example.org"


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as made:
        yield made


def mailing(house: House, server: MailServer) -> Any:
    retry = house.settings.retry.model_copy(update={"cap_seconds": 0.01})
    return house.worker(engines="real", mail=MailSettings.model_validate(server.settings()), retry=retry)


def posting(house: House, receiver: Receiver) -> Any:
    settings = Settings.model_validate(receiver.settings())
    return house.worker(engines="real", webhooks=settings.webhooks, fetch=settings.fetch)


async def mail(house: House, to: list[str], **more: Any) -> UUID:
    asked: dict[str, Any] = {"params": {"mail": {"to": to}}, "input": {"text": "# Hi\n"}} | more
    return await house.submit(kind="deliver", queue="io", **asked)


async def retry(house: House, job_id: UUID) -> None:
    async with house.database.transaction() as session:
        await operate.retry(session, ADMIN_OWNER, job_id)


def error_of(job: Job) -> tuple[str, int]:
    assert job.error is not None
    return job.error["code"], job.error["attempt"]


@pytest.mark.parametrize("verb", ["MAIL", "DATA", BOB])
@pytest.mark.parametrize("reply", ["451 4.7.1 come back later", GONE])
async def test_what_is_put_off_is_tried_again(house: House, server: MailServer, verb: str, reply: str) -> None:
    server.replies = {verb: [reply]}
    async with mailing(house, server):
        job = await house.ended(await mail(house, [ANN, BOB]))
    assert (job.state, job.attempt) == (State.SUCCEEDED, 2)
    assert job.result is not None
    assert (job.result["channel"], job.result["recipients"]) == ("mail", [ANN, BOB])
    assert sorted(one for received in server.letters for one in received.recipients) == [ANN, BOB]
    assert {received.message["Message-ID"] for received in server.letters} == {job.result["message_id"]}


async def test_those_who_have_it_get_it_once_though_others_are_refused(house: House, server: MailServer) -> None:
    server.replies = {BOB: ["550 5.1.1 no such user"]}
    async with mailing(house, server):
        job_id = await mail(house, [ANN, BOB])
        job = await house.ended(job_id)
        assert (job.state, *error_of(job)) == (State.FAILED, "mail_refused", 1)
        assert f"{BOB} (550 5.1.1 no such user)" in (job.error or {})["message"]
        await retry(house, job_id)
        job = await house.until(job_id, lambda one: one.state == State.SUCCEEDED)
    assert [received.recipients for received in server.letters] == [[ANN], [BOB]]
    assert (job.result or {})["recipients"] == [ANN, BOB]


async def test_a_worker_without_a_mail_server_says_so_at_once(house: House) -> None:
    async with house.worker(engines="real"):
        job = await house.ended(await mail(house, [ANN]))
    assert (job.state, *error_of(job)) == (State.FAILED, "mail_unavailable", 1)


async def test_a_file_keeps_its_name_and_type(house: House, server: MailServer) -> None:
    uploaded = {"file": str(await house.upload(b"RIFF"))}
    async with mailing(house, server):
        await house.ended(await mail(house, [ANN], input=uploaded))
    (attached,) = server.letters[0].message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("talk.wav", "audio/wav")
    assert server.letters[0].message["Subject"] == "talk.wav"


async def test_a_file_that_is_deleted_meanwhile_loses_its_name(house: House, server: MailServer) -> None:
    file_id = await house.upload(b"RIFF")
    job_id = await mail(house, [ANN], input={"file": str(file_id)})
    async with house.database.transaction() as session:
        await remove_file(session, ADMIN_OWNER, file_id)
    async with mailing(house, server):
        await house.ended(job_id)
    (attached,) = server.letters[0].message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("document.bin", "application/octet-stream")
    assert attached.get_content() == b"RIFF"


async def test_so_does_an_output_of_another_job(house: House, receiver: Receiver) -> None:
    async with house.worker():
        made = await house.ended(await house.submit())
    taken = {"job": str(made.id), "output": "transcript.vtt"}
    params = {"webhook": {"url": receiver.url}}
    async with posting(house, receiver):
        job = await house.ended(await house.submit(kind="deliver", queue="io", params=params, input=taken))
    assert job.error is None
    (called,) = receiver.calls
    assert (called.headers["content-type"], called.body[:6]) == ("text/vtt", b"WEBVTT")
    assert called.headers["webhook-id"] == str(job.id) == (job.result or {})["message_id"]
    Webhook(SECRET).verify(called.body, dict(called.headers), json_parse=False)


async def test_a_receiver_that_is_busy_is_called_again_and_one_that_is_gone_is_not(
    house: House, receiver: Receiver
) -> None:
    receiver.answers = ["503 Service Unavailable", "200 OK", "410 Gone"]
    asked: dict[str, Any] = {"kind": "deliver", "queue": "io", "input": {"text": "Hi"}}
    async with posting(house, receiver):
        served = await house.ended(await house.submit(params={"webhook": {"url": receiver.url}}, **asked))
        gone = await house.ended(await house.submit(params={"webhook": {"url": receiver.url}}, **asked))
    assert (served.state, served.attempt) == (State.SUCCEEDED, 2)
    assert (gone.state, *error_of(gone)) == (State.FAILED, "webhook_refused", 1)
    assert len({called.headers["webhook-id"] for called in receiver.calls[:2]}) == 1
