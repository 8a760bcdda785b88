"""What every mailer and every poster must do, the stubs as well as the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from playhead.engines import Attachment, Engines, Letter, Mailed, Post
from playhead.errors import MailUnavailableError, RecipientForbiddenError, TooLargeError, UrlForbiddenError
from playhead.settings import Settings
from tests.engines.webhook_receiver import Receiver, webhook_receiver
from tests.mail_server import MailServer, mail_server
from worker.engines import make_engines

LETTER = Letter(id="a-letter", to=["ann@example.com", "bob@bücher.example"], subject="Hi", text="Hi.\n")


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as made:
        yield made


@pytest.fixture(params=["stub", "real"])
def which(request: pytest.FixtureRequest) -> Any:
    return request.param


async def sent(which: str, mail: dict[str, Any], letter: Letter = LETTER) -> Mailed:
    engines = make_engines(Settings.model_validate({"engines": which, "mail": mail}))
    try:
        return await engines.mailer.send(letter, letter.to)
    finally:
        await engines.close()


async def test_a_letter_is_known_by_its_id(which: str, server: MailServer) -> None:
    mailed = await sent(which, server.settings())
    assert mailed == Mailed("<a-letter@example.com>", LETTER.to, {}, {}) == await sent(which, server.settings())


@pytest.mark.parametrize("missing", ["host", "sender"])
async def test_without_a_server_or_a_sender_no_mail_is_sent(which: str, server: MailServer, missing: str) -> None:
    with pytest.raises(MailUnavailableError, match=f"PLAYHEAD_MAIL__{missing.upper()}"):
        await sent(which, server.settings() | {missing: None})


async def test_only_those_are_written_to_whom_the_operator_names(which: str, server: MailServer) -> None:
    for allowed in (["*@EXAMPLE.com", "*@xn--bcher-kva.example"], ["*@*.com", "bob@bücher.example"]):
        await sent(which, server.settings(allowed_recipients=allowed))
    server.letters.clear()
    with pytest.raises(RecipientForbiddenError, match="bob@"):
        await sent(which, server.settings(allowed_recipients=["*@example.com"]))
    with pytest.raises(RecipientForbiddenError, match="faß"):
        await sent(which, server.settings(allowed_recipients=["*@fass.example"]), replace(LETTER, to=["a@faß.example"]))
    assert server.letters == []


async def test_a_letter_may_be_too_large(which: str, server: MailServer, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 4000)
    letter = Letter("a", LETTER.to, "Hi", "Hi.", attachment=Attachment(file, "file", "text/plain"))
    await sent(which, server.settings(max_bytes=8000), letter)
    for most in (3999, 4500):  # as a file, and with what mail makes of it
        with pytest.raises(TooLargeError):
            await sent(which, server.settings(max_bytes=most), letter)


async def posted(which: str, settings: dict[str, Any], post: Post) -> None:
    engines: Engines = make_engines(Settings.model_validate(settings | {"engines": which}))
    try:
        await engines.poster.post(post)
    finally:
        await engines.close()


async def test_a_document_is_posted_to_the_public_internet_alone(
    which: str, receiver: Receiver, tmp_path: Path
) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"{}" * 50)
    post = Post("a-post", receiver.url, body, "application/json")
    await posted(which, receiver.settings(), post)
    with pytest.raises(UrlForbiddenError):
        await posted(which, {}, post)
    with pytest.raises(TooLargeError):
        await posted(which, receiver.settings(webhooks={"max_bytes": 99}), post)
