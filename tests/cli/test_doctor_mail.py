"""`playhead doctor` and the mail server, a real one on the loopback."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cli.checks import mail
from cli.checks.check import Check
from cli.checks.mail import check_mail
from playhead.settings import Settings
from tests.mail_server import PASSWORD, USER, MailServer, authority, mail_server


async def told(server: MailServer, **changes: Any) -> Check:
    settings = Settings.model_validate({"mail": server.settings(**changes)})
    (found,) = await asyncio.to_thread(lambda: list(check_mail(settings)))
    assert PASSWORD not in repr(found)
    return found


async def test_a_server_that_answers_is_fine_and_gets_no_letter() -> None:
    async with mail_server() as server:
        found = await told(server)
        assert (found.grade, found.finding) == (
            "fine",
            f"localhost:{server.port} answers; from Playhead <playhead@example.com>",
        )
        assert server.letters == []


async def test_without_a_server_it_is_said_what_one_would_give() -> None:
    assert (await told(MailServer(port=25), host=None)).grade == "note"
    without_sender = await told(MailServer(port=25), sender=None)
    assert (without_sender.grade, "PLAYHEAD_MAIL__SENDER" in without_sender.remedy) == ("broken", True)


async def test_a_server_that_is_encrypted_is_signed_in_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ca, tls = authority()
    ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with mail_server(tls=tls, sign_in=True) as server:
        signed_in: dict[str, Any] = {"security": "starttls", "username": USER, "password": f"{PASSWORD}\n"}
        untrusted = await told(server, **signed_in)
        assert (untrusted.grade, "SSL_CERT_FILE" in untrusted.remedy) == ("broken", True)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert (await told(server, **signed_in)).grade == "fine"
        refused = await told(server, **signed_in | {"password": "wrong"})
        assert (refused.grade, "PLAYHEAD_MAIL__PASSWORD" in refused.remedy) == ("broken", True)
    async with mail_server(tls=tls, implicit=True) as server:
        assert (await told(server, security="tls")).grade == "fine"


async def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with mail_server() as server:
        unencrypted = await told(server, security="starttls")
        assert (unencrypted.grade, "PLAYHEAD_MAIL__SECURITY" in unencrypted.remedy) == ("broken", True)
        assert (await told(server, port=9)).grade == "broken"
        monkeypatch.setattr(mail, "PATIENCE_SECONDS", 0.2)
        silent = await asyncio.start_server(_keep_silent, "localhost", 0)
        async with silent:
            assert "no answer" in (await told(server, port=silent.sockets[0].getsockname()[1])).finding


async def _keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()
