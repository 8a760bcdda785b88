"""The real poster against a real receiver, which judges what it gets by Standard Webhooks' own library."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError

from playhead.engines import Post
from playhead.errors import PlayheadError, TooLargeError, UrlForbiddenError, UrlUnreachableError, WebhookRefusedError
from playhead.fetch.addresses import Address
from playhead.settings import Settings
from tests.engines.webhook_receiver import SECRET, Receiver, webhook_receiver
from worker.engines.poster import PART_BYTES, HttpPoster

SUMMARY = '{"title": "Größe", "summary": "In short: yes."}'
ID = "01990000-0000-7000-8000-000000000001"


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with webhook_receiver() as made:
        yield made


@pytest.fixture
def body(tmp_path: Path) -> Path:
    path = tmp_path / "summary.json"
    path.write_text(SUMMARY)
    return path


def poster(receiver: Receiver, **more: Any) -> HttpPoster:
    settings = Settings.model_validate(receiver.settings(**more))
    return HttpPoster(settings.webhooks, settings.fetch)


def post(receiver: Receiver, body: Path) -> Post:
    return Post(id=ID, url=receiver.url, body=body, media_type="application/json")


async def test_a_receiver_knows_who_sent_what(receiver: Receiver, body: Path) -> None:
    await poster(receiver).post(post(receiver, body))

    (called,) = receiver.calls
    assert called.line == "POST /hooks/summaries?for=ann HTTP/1.1"
    assert called.headers["content-type"] == "application/json"
    assert called.headers["webhook-id"] == ID
    assert "transfer-encoding" not in called.headers
    assert Webhook(SECRET).verify(called.body, dict(called.headers)) == {"title": "Größe", "summary": "In short: yes."}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(called.body.replace(b"yes", b"no"), dict(called.headers))
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify(called.body, dict(called.headers))


async def test_without_a_secret_nothing_is_signed(receiver: Receiver, body: Path) -> None:
    await poster(receiver, webhooks={}).post(post(receiver, body))
    (called,) = receiver.calls
    assert {name for name in called.headers if name.startswith("webhook-")} == {"webhook-id", "webhook-timestamp"}


async def test_a_large_document_goes_out_in_parts(receiver: Receiver, tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"0123456789abcdef" * (PART_BYTES // 8))
    await poster(receiver).post(post(receiver, large))
    (called,) = receiver.calls
    Webhook(SECRET).verify(called.body, dict(called.headers), json_parse=False)
    assert len(called.body) == 2 * PART_BYTES
    with pytest.raises(TooLargeError):
        await poster(receiver, webhooks={"max_bytes": PART_BYTES}).post(post(receiver, large))


@pytest.mark.parametrize(
    ("answer", "error", "seconds"),
    [
        ("200 OK", None, None),
        ("202 Accepted", None, None),
        ("301 Moved Permanently\r\nLocation: http://127.0.0.1/", WebhookRefusedError, None),
        ("307 Temporary Redirect\r\nLocation: http://127.0.0.2:1/", WebhookRefusedError, None),
        ("302 Found\r\nLocation: http://[", WebhookRefusedError, None),
        ("400 Bad Request", WebhookRefusedError, None),
        ("404 Not Found", WebhookRefusedError, None),
        ("410 Gone", WebhookRefusedError, None),
        ("408 Request Timeout", UrlUnreachableError, None),
        ("425 Too Early", UrlUnreachableError, None),
        ("429 Too Many Requests\r\nRetry-After: 120", UrlUnreachableError, 120),
        ("500 Internal Server Error", UrlUnreachableError, None),
        ("503 Service Unavailable\r\nRetry-After: 7", UrlUnreachableError, 7),
    ],
)
async def test_success_is_2xx_and_what_may_pass_is_told_from_what_will_not(
    receiver: Receiver, body: Path, answer: str, error: type[PlayheadError] | None, seconds: float | None
) -> None:
    receiver.answers = [answer]
    if error is None:
        await poster(receiver).post(post(receiver, body))
    else:
        with pytest.raises(error) as failed:
            await poster(receiver).post(post(receiver, body))
        assert failed.value.retry_after_seconds == seconds
        assert failed.value.transient == (error is UrlUnreachableError)
        assert "for=ann" not in failed.value.message
    assert len(receiver.calls) == 1


async def test_nobody_is_called_in_the_operators_network(receiver: Receiver, body: Path) -> None:
    closed = poster(receiver, fetch={})
    with pytest.raises(UrlForbiddenError):
        await closed.post(post(receiver, body))

    async def leads_home(*_: Any) -> list[Address]:
        return [IPv4Address("127.0.0.2")]

    settings = Settings()
    renamed = Post(ID, receiver.url.replace("127.0.0.2", "hooks.example.com"), body, "application/json")
    with pytest.raises(UrlForbiddenError):
        await HttpPoster(settings.webhooks, settings.fetch, leads_home).post(renamed)
    assert receiver.calls == []


async def test_a_receiver_that_is_away_or_silent_may_come_back(receiver: Receiver, body: Path) -> None:
    nobody = Post(ID, "http://127.0.0.2:9/", body, "application/json")
    with pytest.raises(UrlUnreachableError):
        await poster(receiver).post(nobody)
    receiver.hold.clear()
    with pytest.raises(UrlUnreachableError, match="longer than"):
        await poster(receiver, webhooks={"timeout_seconds": 0.1}).post(post(receiver, body))


async def test_a_call_under_way_is_not_given_up(receiver: Receiver, body: Path) -> None:
    receiver.hold.clear()
    learnt = []

    async def calling() -> None:
        await poster(receiver).post(post(receiver, body))
        learnt.append("served")
        await asyncio.Event().wait()

    task = asyncio.create_task(calling())
    await receiver.arrived.wait()
    task.cancel()
    await asyncio.sleep(0)
    receiver.hold.set()
    await asyncio.wait([task])
    assert (task.cancelled(), learnt) == (True, ["served"])
