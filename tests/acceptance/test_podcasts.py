"""Podcasts on real processes: real speech, a real small language model, a real mail server's inbox."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from demo.models import small_models
from tests.acceptance.conftest import stack
from tests.mail_server import MailServer, mail_server
from tests.podcasts.feeds import item, rss
from tests.podcasts.server import ADDRESS, FeedServer, answer, serving

if TYPE_CHECKING:
    from tests.mail_server import Received

pytestmark = [pytest.mark.models, pytest.mark.heavy]

MEDIA = Path(__file__).parent.parent / "media"
CLIP = MEDIA / "sense-and-sensibility-0880.flac"
ADDRESSES = {"each": "ann@example.com", "digest": "bob@example.org"}


def settings(llm: str, mail: MailServer) -> dict[str, str]:
    return {
        **small_models(llm),
        "SPEECH__DEVICE": "cpu",
        "LLM__ANSWER_TOKENS": "400",
        "FETCH__ALLOWED_NETWORKS": f'["{ADDRESS}/32"]',
        **{f"MAIL__{name.upper()}": str(value) for name, value in mail.settings().items()},
    }


def publish(feeds: FeedServer, path: str, *episodes: str) -> None:
    items = [item(name, audio=feeds.url(f"/{name}.flac")) for name in episodes]
    for name in episodes:
        feeds.answers[f"/{name}.flac"] = answer("200 OK", CLIP.read_bytes(), Content_Type="audio/flac")
    feeds.answers[path] = answer("200 OK", rss(*items, title="Aloud"))


async def letter(mail: MailServer, count: int) -> Received:
    async with asyncio.timeout(500):
        while len(mail.letters) < count:
            mail.arrived.clear()
            await mail.arrived.wait()
    return mail.letters[count - 1]


async def one(http: httpx.AsyncClient, path: str) -> Any:
    return (await http.get(path)).raise_for_status().json()


async def test_a_new_episode_comes_by_mail_and_another_in_a_digest(llm_server: str) -> None:
    async with serving() as feeds, mail_server() as mail:
        with stack(**settings(llm_server, mail)) as made:
            async with httpx.AsyncClient(base_url=made.http.base_url, headers=made.http.headers, timeout=60) as http:
                await by_mail(http, feeds, mail)
                await by_digest(http, feeds, mail)


async def by_mail(http: httpx.AsyncClient, feeds: FeedServer, mail: MailServer) -> None:
    publish(feeds, "/each.xml")
    asked = {"url": feeds.url("/each.xml"), "notify": {"mail": ADDRESSES["each"]}}
    feed = (await http.post("/api/v1/subscriptions", json=asked)).raise_for_status().json()["feed"]
    publish(feeds, "/each.xml", "norland")
    (await http.post(f"/api/v1/feeds/{feed['id']}/poll")).raise_for_status()
    received = await letter(mail, 1)
    assert (received.recipients, received.message["Subject"]) == ([ADDRESSES["each"]], "Aloud: norland")
    assert received.body("plain").startswith("# norland")
    assert ">norland</h1>" in received.body("html")
    [episode] = (await one(http, f"/api/v1/feeds/{feed['id']}/episodes"))["items"]
    transcript = await one(http, episode["transcript"])
    assert "young man" in " ".join(segment["text"] for segment in transcript["segments"])
    assert episode["summary"]["chapters"]
    [delivery] = (await one(http, "/api/v1/deliveries"))["items"]
    assert delivery["episode_id"] == episode["id"]


async def by_digest(http: httpx.AsyncClient, feeds: FeedServer, mail: MailServer) -> None:
    digest = {"cron": "*/2 * * * * *", "notify": {"mail": ADDRESSES["digest"]}}
    (await http.patch("/api/v1/digest", json=digest)).raise_for_status()
    publish(feeds, "/digest.xml", "sussex")
    (await http.post("/api/v1/subscriptions", json={"url": feeds.url("/digest.xml")})).raise_for_status()
    received = await letter(mail, 2)
    assert received.recipients == [ADDRESSES["digest"]]
    assert received.message["Subject"].startswith("Podcast digest, ")
    assert "### sussex" in received.body("plain")
    [issue] = (await one(http, "/api/v1/digest/issues"))["items"]
    assert issue["title"] == received.message["Subject"]
