"""The real mailer against a real mail server: what is sent, what is refused, and what a fault means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from playhead.engines import Attachment, Letter
from playhead.errors import MailRefusedError, MailServerUnavailableError, MailUnavailableError, PlayheadError
from playhead.settings import MailSettings
from tests.mail_server import GONE, PASSWORD, USER, MailServer, authority, mail_server
from worker.engines.mailing.mailer import SmtpMailer

LETTER = Letter(
    id="01990000-0000-7000-8000-000000000001",
    to=["ann@example.com", "bob@example.org"],
    subject="What was said",
    text="In short: yes.\n",
    html="<p>In short: yes.</p>\n",
)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[MailServer]:
    async with mail_server() as made:
        yield made


async def send(server: MailServer, letter: Letter = LETTER, **settings: Any) -> Any:
    mailer = SmtpMailer(MailSettings.model_validate(server.settings(**settings)))
    try:
        return await mailer.send(letter, letter.to)
    finally:
        await mailer.close()


async def test_a_letter_arrives_with_all_that_was_given(server: MailServer, tmp_path: Path) -> None:
    file = tmp_path / "talk.srt"
    file.write_bytes(b"1\r\n00:00:01,000 --> 00:00:02,000\r\nHi\r\n")
    unsubscribe = f"https://example.com/unsubscribe/{'x' * 300}?a=1&b=2"
    letter = replace(
        LETTER,
        subject="Was gesagt wurde — " + "größte Überraschung, " * 8 + "Ende",
        attachment=Attachment(file, "Gespräch.srt", "application/x-subrip"),
        reply_to="ann@example.com",
        unsubscribe_url=unsubscribe,
    )
    mailed = await send(server, letter)

    (received,) = server.letters
    message = received.message
    assert (received.sender, received.recipients) == ("playhead@example.com", ["ann@example.com", "bob@example.org"])
    assert mailed.accepted == received.recipients
    assert message["From"] == "Playhead <playhead@example.com>"
    assert message["To"] == "ann@example.com, bob@example.org"
    assert message["Subject"] == letter.subject
    assert message["Reply-To"] == "ann@example.com"
    assert message["Message-ID"] == mailed.message_id == f"<{LETTER.id}@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"].datetime.tzinfo is not None
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{unsubscribe}>\r\n".encode() in received.content
    assert message.get_content_type() == "multipart/mixed"
    assert received.body("plain").replace("\r\n", "\n") == LETTER.text
    assert received.body("html").replace("\r\n", "\n") == LETTER.html
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == ("Gespräch.srt", "application/x-subrip")
    assert attached.get_content() == file.read_bytes()


async def test_the_text_and_the_html_are_alternatives(server: MailServer) -> None:
    await send(server)
    (received,) = server.letters
    assert received.message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in received.message.iter_parts()] == ["text/plain", "text/html"]
    assert max(map(len, received.content.splitlines())) < 998
    assert received.content.isascii()


@pytest.mark.parametrize("media_type", ["message/rfc822", "multipart/mixed", "nonsense", "text/html\r\nX-Evil: 1"])
async def test_a_file_of_any_type_can_be_attached(server: MailServer, tmp_path: Path, media_type: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\0\xff.\r\n.\r\nMAIL FROM:<x@y.z>\r\n")
    await send(server, replace(LETTER, attachment=Attachment(file, "file", media_type)))
    (attached,) = server.letters[0].message.iter_attachments()
    assert attached.get_content_type() == "application/octet-stream"
    assert attached.get_payload(decode=True) == file.read_bytes()
    assert server.letters[0].message["X-Evil"] is None


SLIPPED = "=?utf-8?q?a=0d=0aX-Evil=3a_1=0d=0a=0d=0a?="
"""What the library decodes when it is given a header, and writes down as it then is."""


@pytest.mark.parametrize(
    "subject", [SLIPPED, f"Überraschung {SLIPPED} " * 3, "Is it 4=?", "Wörter, " * 20, "words, " * 30, "語" * 250]
)
async def test_a_subject_is_taken_for_nothing_else(server: MailServer, subject: str) -> None:
    await send(server, replace(LETTER, subject=subject))
    (received,) = server.letters
    assert str(make_header(decode_header(received.head["Subject"]))) == subject
    assert "X-Evil" not in received.head


async def test_neither_is_an_address_of_a_page(server: MailServer) -> None:
    url = f"https://example.com/{SLIPPED}"
    await send(server, replace(LETTER, unsubscribe_url=url))
    assert server.letters[0].head["List-Unsubscribe"] == f"<{url}>"


@pytest.mark.parametrize(
    ("name", "shown"),
    [(f"{SLIPPED}.pdf", f"{SLIPPED.replace('=?', '= ?')}.pdf"), ("a\r\nX-Evil: 1.pdf", "aX-Evil: 1.pdf")],
)
async def test_neither_is_the_name_of_a_file(server: MailServer, tmp_path: Path, name: str, shown: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"%PDF")
    await send(server, replace(LETTER, attachment=Attachment(file, name, "application/pdf")))
    (received,) = server.letters
    (attached,) = received.message.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == (shown, b"%PDF")
    assert b"\r\nX-Evil" not in received.content


async def test_a_line_of_one_dot_ends_nothing(server: MailServer) -> None:
    await send(server, replace(LETTER, text="one\n.\nMAIL FROM:<x@y.z>\n..two\n"))
    assert server.letters[0].body("plain").replace("\r\n", "\n") == "one\n.\nMAIL FROM:<x@y.z>\n..two\n"
    assert len(server.letters) == 1


async def test_domains_of_other_scripts_travel_in_ascii(server: MailServer) -> None:
    mailed = await send(server, replace(LETTER, to=["ann@bücher.example"]))
    assert mailed.accepted == ["ann@bücher.example"]
    assert server.letters[0].recipients == ["ann@xn--bcher-kva.example"]
    assert "SMTPUTF8" not in server.letters[0].options


async def test_names_of_other_scripts_need_a_server_that_knows_them(server: MailServer) -> None:
    letter = replace(LETTER, to=["jörg@example.com"])
    await send(server, letter)
    assert (server.letters[0].recipients, server.letters[0].message["To"]) == (["jörg@example.com"], "jörg@example.com")
    assert "SMTPUTF8" in server.letters[0].options
    async with mail_server(utf8=False) as old:
        with pytest.raises(MailRefusedError, match="beyond ASCII"):
            await send(old, letter)
        assert old.letters == []


async def test_nobody_is_written_to_over_a_line_that_others_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ca, tls = authority()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with mail_server(tls=tls, sign_in=True) as server:
        signed_in: dict[str, Any] = {"security": "starttls", "username": USER, "password": f"{PASSWORD}\n"}
        with pytest.raises(MailUnavailableError, match="cannot be trusted"):
            await send(server, **signed_in)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        await send(server, **signed_in)
        with pytest.raises(MailUnavailableError, match="PLAYHEAD_MAIL__USERNAME") as refused:
            await send(server, **signed_in | {"password": "another-secret"})
        with pytest.raises(PlayheadError):
            await send(server)
        assert [(one.encrypted, one.user) for one in server.letters] == [(True, USER)]
        assert "another-secret" not in refused.value.message


async def test_a_server_without_encryption_is_not_sent_to_unless_that_is_wanted(server: MailServer) -> None:
    with pytest.raises(MailUnavailableError, match="STARTTLS"):
        await send(server, security="starttls")
    assert server.letters == []


async def test_a_server_may_be_encrypted_from_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca, tls = authority()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with mail_server(tls=tls, implicit=True) as server:
        with pytest.raises(MailUnavailableError, match="cannot be trusted"):
            await send(server, security="tls")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        await send(server, security="tls")
        assert len(server.letters) == 1


async def test_some_recipients_may_be_refused(server: MailServer) -> None:
    server.replies = {"bob@example.org": ["550 5.1.1 no such user"], "cid@example.net": ["451 4.7.1 greylisted"]}
    mailed = await send(server, replace(LETTER, to=[*LETTER.to, "cid@example.net"]))
    assert server.letters[0].recipients == mailed.accepted == ["ann@example.com"]
    assert mailed.refused == {"bob@example.org": "550 5.1.1 no such user"}
    assert mailed.deferred == {"cid@example.net": "451 4.7.1 greylisted"}


async def test_where_all_are_refused_nothing_is_sent(server: MailServer) -> None:
    server.replies = {one: ["550 no"] for one in LETTER.to}
    mailed = await send(server)
    assert (mailed.accepted, list(mailed.refused), server.letters) == ([], LETTER.to, [])


@pytest.mark.parametrize(
    ("verb", "reply", "error", "seconds"),
    [
        ("MAIL", "451 try later", MailServerUnavailableError, 300),
        ("MAIL", "550 not you", MailRefusedError, None),
        ("DATA", "452 too busy", MailServerUnavailableError, 300),
        ("DATA", "554 spam", MailRefusedError, None),
        ("DATA", GONE, MailServerUnavailableError, 60),
        ("MAIL", GONE, MailServerUnavailableError, 60),
        ("ann@example.com", GONE, MailServerUnavailableError, 60),
    ],
)
async def test_what_may_pass_is_told_from_what_will_not(
    server: MailServer, verb: str, reply: str, error: type[PlayheadError], seconds: float | None
) -> None:
    server.replies = {verb: [reply]}
    with pytest.raises(error) as failed:
        await send(server)
    assert failed.value.retry_after_seconds == seconds
    if reply != GONE:
        assert reply in failed.value.message


async def test_a_server_that_is_away_or_silent_may_come_back(server: MailServer) -> None:
    with pytest.raises(MailServerUnavailableError):
        await send(server, port=9)
    left = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        left.set()

    async with await asyncio.start_server(keep_silent, "localhost", 0) as silent:
        with pytest.raises(MailServerUnavailableError):
            # A second, since to connect takes of it as well.
            await send(server, port=silent.sockets[0].getsockname()[1], timeout_seconds=1)
        await left.wait()


async def test_it_is_not_waited_for_leave_to_be_taken(server: MailServer) -> None:
    mailer = SmtpMailer(MailSettings.model_validate(server.settings()))
    await mailer.send(LETTER, LETTER.to)
    assert server.quits == []
    await mailer.close()
    assert len(server.quits) == 1


async def test_a_letter_under_way_is_not_given_up(server: MailServer) -> None:
    """Whoever cancels it learns all the same that it was taken, and is canceled where he next waits."""
    server.hold.clear()
    mailer = SmtpMailer(MailSettings.model_validate(server.settings()))
    learnt = []

    async def sending() -> None:
        learnt.append((await mailer.send(LETTER, LETTER.to)).accepted)
        await asyncio.Event().wait()

    task = asyncio.create_task(sending())
    await server.arrived.wait()
    task.cancel()
    await asyncio.sleep(0)
    server.hold.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert learnt == [LETTER.to]
    await mailer.close()
