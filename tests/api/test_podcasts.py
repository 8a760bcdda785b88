from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
import pytest_asyncio
from sqlalchemy import select, update

from playhead.ledger.files import add_file
from playhead.models import PODCASTS_OWNER, Delivery, Episode
from playhead.podcasts.polling import checking
from playhead.podcasts.polling.due import Polling
from tests.podcasts.feeds import dated, item, rss
from tests.podcasts.server import ADDRESS, FeedServer, answer, redirect, serving, silent

if TYPE_CHECKING:
    import httpx

    from playhead.settings import Settings
    from tests.api.conftest import Stand

PATH = "/api/v1/subscriptions"
SHOW = rss(
    item("c", date=dated(3)), item("b", date=dated(2)), item("undated"), item("a", date=dated(1)), title="The show"
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    settings.fetch.allowed_networks = [IPv4Network(f"{ADDRESS}/32")]
    return settings


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer to look at a feed than production waits before it believes the address."""
    monkeypatch.setattr(checking, "PATIENCE_SECONDS", 60.0)


@pytest_asyncio.fixture(loop_scope="session")
async def server() -> AsyncIterator[FeedServer]:
    async with serving() as server:
        server.answers["/feed.xml"] = answer("200 OK", SHOW)
        yield server


async def made(client: httpx.AsyncClient, server: FeedServer, **wishes: Any) -> dict[str, Any]:
    told = await client.post(PATH, json={"url": server.url("/feed.xml"), **wishes})
    assert told.status_code == 201, told.text
    assert told.headers["Location"] == f"{PATH}/{told.json()['id']}"
    return dict(told.json())


async def polled(stand: Stand) -> None:
    await Polling(stand.services.database, stand.services.settings).poll_due()


async def deliveries(stand: Stand) -> list[Delivery]:
    async with stand.services.transaction() as session:
        return list(await session.scalars(select(Delivery).order_by(Delivery.id)))


async def test_a_feed_is_looked_at_when_somebody_subscribes(client: httpx.AsyncClient, server: FeedServer) -> None:
    told = await made(client, server)
    assert (told["feed"]["title"], told["feed"]["polled_at"], told["notify"]) == ("The show", None, {"digest": True})
    assert (await client.get(f"{PATH}/{told['id']}")).json() == told
    assert (await client.get(PATH)).json() == {"items": [told], "next_cursor": None}
    assert (await client.get("/api/v1/feeds")).json()["items"] == [told["feed"]]
    assert (await client.get(f"/api/v1/feeds/{told['feed']['id']}")).json() == told["feed"]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        ("200 OK", b"<!doctype html><html>", "feed_unreadable"),
        ("404 Not Found", b"", "url_rejected"),
        ("410 Gone", b"", "feed_gone"),
        ("503 Service Unavailable", b"", "url_unreachable"),
    ],
)
async def test_what_is_no_feed_is_refused(
    status: str, body: bytes, code: str, client: httpx.AsyncClient, server: FeedServer
) -> None:
    server.answers["/feed.xml"] = answer(status, body)
    told = await client.post(PATH, json={"url": server.url("/feed.xml")})
    assert (told.status_code, told.json()["code"], told.json()["field"]) == (422, code, "url")
    assert (await client.get(PATH)).json()["items"] == []


async def test_one_that_is_slow_is_taken_at_its_word(
    client: httpx.AsyncClient, server: FeedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, released = asyncio.Event(), asyncio.Event()
    server.answers["/feed.xml"] = silent(asked, released)
    monkeypatch.setattr(checking, "PATIENCE_SECONDS", 0.1)
    told = await made(client, server)
    released.set()
    assert told["feed"]["title"] is None


async def test_a_feed_that_has_moved_is_kept_where_it_is_now(client: httpx.AsyncClient, server: FeedServer) -> None:
    server.answers["/old"] = redirect("/feed.xml")
    told = (await client.post(PATH, json={"url": server.url("/old")})).json()
    assert told["feed"]["url"] == server.url("/feed.xml")
    assert (await client.post(PATH, json={"url": server.url("/feed.xml")})).status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": ""}, "url"),
        ({"url": "ftp://example.com/feed"}, "url"),
        ({"url": "http://user:secret@example.com/feed"}, "url"),
        ({"url": "http://127.0.0.1/feed"}, "url"),
        ({"url": "feed://10.0.0.1/feed"}, "url"),
        ({"url": f"http://example.com/{'x' * 2048}"}, "url"),
        ({"url": "http://example.com/\0"}, "url"),
        ({"keywords": [""]}, "keywords.0"),
        ({"keywords": ["..."]}, "keywords.0"),
        ({"keywords": ["x"] * 51}, "keywords"),
        ({"newest": 0}, "newest"),
        ({"newest": 51}, "newest"),
        ({"notify": {}}, "notify"),
        ({"notify": {"digest": False}}, "notify.digest"),
        ({"notify": {"mail": "nobody"}}, "notify.mail"),
        ({"notify": {"mail": "a@example.com\nBcc: b@example.com"}}, "notify.mail"),
        ({"notify": {"webhook": "http://169.254.169.254/"}}, "notify.webhook"),
        ({"notify": {"webhook": "mailto:a@example.com"}}, "notify.webhook"),
        ({"whatever": 1}, "whatever"),
    ],
    ids=str,
)
async def test_what_cannot_be_is_refused_and_nobody_asked(
    change: dict[str, Any], field: str, client: httpx.AsyncClient, server: FeedServer
) -> None:
    told = await client.post(PATH, json={"url": server.url("/feed.xml"), **change})
    assert (told.status_code, told.json()["field"]) == (422, field), told.text
    assert server.asked == {}


async def test_the_same_again_is_the_same_and_another_wish_is_a_conflict(
    client: httpx.AsyncClient, server: FeedServer
) -> None:
    told = await made(client, server, keywords=["tides"], notify={"mail": "ann@example.com"})
    body = {"url": server.url("/feed.xml"), "keywords": ["tides"], "notify": {"mail": "ann@example.com"}}
    again = await client.post(PATH, json=body)
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    other = await client.post(PATH, json={"url": server.url("/feed.xml")})
    assert (other.status_code, other.json()["code"]) == (409, "already_subscribed")
    assert told["id"] in other.json()["detail"]


async def test_requests_at_the_same_time_make_one(client: httpx.AsyncClient, server: FeedServer) -> None:
    body = {"url": server.url("/feed.xml")}
    answers = await asyncio.gather(*(client.post(PATH, json=body) for _ in range(6)))
    assert sorted(told.status_code for told in answers) == [200] * 5 + [201]
    assert len({told.json()["id"] for told in answers}) == 1


async def test_a_subscription_is_changed(client: httpx.AsyncClient, server: FeedServer) -> None:
    told = await made(client, server, keywords=["tides"], newest=3)
    path = f"{PATH}/{told['id']}"
    change: dict[str, Any] = {"keywords": [], "newest": None, "notify": {"webhook": "https://example.com/hook"}}
    assert (await client.patch(path, json=change)).json() == {**told, **change}
    assert (await client.patch(path, json={})).json() == {**told, **change}
    refused = await client.patch(path, json={"notify": {"webhook": "http://10.0.0.1/"}, "newest": 1})
    assert (refused.status_code, refused.json()["field"]) == (422, "notify.webhook")
    assert (await client.get(path)).json() == {**told, **change}


async def test_episodes_are_listed_by_their_dates(client: httpx.AsyncClient, server: FeedServer, stand: Stand) -> None:
    feed = (await made(client, server))["feed"]
    await polled(stand)
    path = f"/api/v1/feeds/{feed['id']}/episodes"
    pages = [(await client.get(path, params={"limit": 3})).json()]
    pages.append((await client.get(path, params={"limit": 3, "cursor": pages[0]["next_cursor"]})).json())
    items = [one for page in pages for one in page["items"]]
    assert [one["title"] for one in items] == ["c", "b", "a", "undated"]
    assert pages[1]["next_cursor"] is None
    singles = [(await client.get(path, params={"limit": 1})).json()]
    while cursor := singles[-1]["next_cursor"]:
        singles.append((await client.get(path, params={"limit": 1, "cursor": cursor})).json())
    assert [page["items"][0] for page in singles] == items
    assert (items[0]["state"], items[1]["state"], items[0]["transcript"]) == ("wanted", "known", None)
    assert (await client.get(f"/api/v1/episodes/{items[0]['id']}")).json() == items[0]
    assert (await client.get(f"/api/v1/episodes/{items[0]['id']}/transcript")).status_code == 404


async def test_a_transcript_is_downloaded(client: httpx.AsyncClient, server: FeedServer, stand: Stand) -> None:
    await made(client, server)
    await polled(stand)
    [told] = await deliveries(stand)
    blob = await stand.services.storage.put_bytes(b'{"text": "hello"}')
    about: dict[str, Any] = {"name": "transcript.json", "media_type": "application/json", "duration_seconds": None}
    async with stand.services.transaction() as session:
        file = await add_file(session, owner_id=PODCASTS_OWNER, blob=blob, expires_in_seconds=0, **about)
        done = {"state": "ready", "transcript_file_id": file.id}
        await session.execute(update(Episode).where(Episode.id == told.episode_id).values(done))
    episode = (await client.get(f"/api/v1/episodes/{told.episode_id}")).json()
    assert (await client.get(episode["transcript"])).content == b'{"text": "hello"}'


async def test_a_feed_is_asked_now_at_most_once_a_minute(
    client: httpx.AsyncClient, server: FeedServer, stand: Stand
) -> None:
    feed = (await made(client, server))["feed"]
    await polled(stand)
    before = (await client.get(f"/api/v1/feeds/{feed['id']}")).json()
    told = await client.post(f"/api/v1/feeds/{feed['id']}/poll")
    assert told.status_code == 202
    assert before["polled_at"] < told.json()["next_poll_at"] < before["next_poll_at"]
    assert (await client.post(f"/api/v1/feeds/{feed['id']}/poll")).json() == told.json()


async def test_a_try_goes_out_once_at_a_time(client: httpx.AsyncClient, server: FeedServer, stand: Stand) -> None:
    subscription = await made(client, server)
    path = f"{PATH}/{subscription['id']}/validate"
    nowhere = await client.post(path)
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "state_conflict")
    assert "PATCH /api/v1/digest" in nowhere.json()["detail"]
    (await client.patch("/api/v1/digest", json={"notify": {"mail": "ann@example.com"}})).raise_for_status()
    early = await client.post(path)
    assert (early.status_code, early.json()["code"]) == (409, "no_episode")
    await polled(stand)
    told = await client.post(path)
    assert (told.status_code, told.json()["validation"], told.json()["state"]) == (202, True, "pending")
    assert (await client.post(path)).json() == told.json()
    async with stand.services.transaction() as session:
        await session.execute(update(Delivery).where(Delivery.validation).values(state="delivered"))
    assert (await client.post(path)).json()["id"] != told.json()["id"]
    assert (await client.get(f"/api/v1/episodes/{told.json()['episode_id']}")).json()["title"] == "c"


async def test_what_was_to_be_sent_is_not_when_somebody_leaves(
    client: httpx.AsyncClient, server: FeedServer, stand: Stand
) -> None:
    subscription = await made(client, server, newest=3)
    await polled(stand)
    sent, *_ = await deliveries(stand)
    async with stand.services.transaction() as session:
        await session.execute(update(Delivery).where(Delivery.id == sent.id).values(state="delivered"))
    assert (await client.delete(f"{PATH}/{subscription['id']}")).status_code == 204
    assert (await client.get(f"{PATH}/{subscription['id']}")).status_code == 404
    assert [(one.id, one.subscription_id) for one in await deliveries(stand)] == [(sent.id, None)]
    async with stand.services.transaction() as session:
        wanted = await session.scalars(select(Episode.id).where(Episode.state == "wanted"))
        assert wanted.all() == [sent.episode_id]
    assert (await client.get(f"/api/v1/feeds/{subscription['feed']['id']}")).status_code == 404
    assert (await client.get(f"/api/v1/episodes/{sent.episode_id}")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, "/api/v1/subscriptions/{subscription}") for method in ("GET", "PATCH", "DELETE")),
        ("POST", "/api/v1/subscriptions/{subscription}/validate"),
        ("GET", "/api/v1/feeds/{feed}"),
        ("POST", "/api/v1/feeds/{feed}/poll"),
        ("GET", "/api/v1/feeds/{feed}/episodes"),
        ("GET", "/api/v1/episodes/{episode}"),
        ("GET", "/api/v1/episodes/{episode}/transcript"),
    ],
)
async def test_those_of_others_do_not_exist(
    method: str, path: str, client: httpx.AsyncClient, server: FeedServer, stand: Stand
) -> None:
    told = await made(client, server)
    await polled(stand)
    [delivery] = await deliveries(stand)
    place = path.format(subscription=told["id"], feed=told["feed"]["id"], episode=delivery.episode_id)
    other = {"Authorization": f"Bearer {await stand.key('other')}"}
    refused = await client.request(method, place, headers=other, json={} if method == "PATCH" else None)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    for listed in (PATH, "/api/v1/feeds"):
        assert (await client.get(listed, headers=other)).json()["items"] == []


async def test_pages_go_from_the_newest_to_the_oldest(client: httpx.AsyncClient, server: FeedServer) -> None:
    for number in range(3):
        server.answers[f"/{number}"] = answer("200 OK", SHOW)
        await client.post(PATH, json={"url": server.url(f"/{number}")})
    for path in (PATH, "/api/v1/feeds"):
        first = (await client.get(path, params={"limit": 2})).json()
        second = (await client.get(path, params={"cursor": first["next_cursor"]})).json()
        ids = [UUID(one["id"]) for one in first["items"] + second["items"]]
        assert (len(ids), ids, second["next_cursor"]) == (3, sorted(ids, reverse=True), None)


def opml(*urls: str) -> bytes:
    lines = "".join(f'<outline text="t"><outline text="{url}" type="rss" xmlUrl="{url}"/></outline>\n' for url in urls)
    return f'<?xml version="1.0"?><opml version="2.0"><body>\n{lines}</body></opml>'.encode()


@pytest.mark.parametrize("as_form", [True, False])
async def test_a_list_is_imported(as_form: bool, client: httpx.AsyncClient, server: FeedServer) -> None:  # noqa: FBT001
    known = await made(client, server, keywords=["tides"])
    new, private = server.url("/new.xml"), "http://10.0.0.1/"
    body = opml(known["feed"]["url"], new, private, new, "no address")
    told = await client.post(
        "/api/v1/opml", **({"files": {"file": ("a.opml", body)}} if as_form else {"content": body})
    )
    assert told.status_code == 200, told.text
    items = told.json()["items"]
    assert [(one["line"], one["outcome"]) for one in items] == [
        *((2, "known"), (3, "subscribed"), (4, "refused"), (5, "known"), (6, "refused")),
    ]
    assert [(one["error"] or {}).get("code") for one in items] == [None, None, "url_forbidden", None, "invalid"]
    assert (told.json()["subscribed"], items[0]["subscription_id"]) == (1, known["id"])
    subscriptions = (await client.get(PATH)).json()["items"]
    assert [one["feed"]["url"] for one in subscriptions] == [new, known["feed"]["url"]]
    assert subscriptions[1] == {**known, "feed": subscriptions[1]["feed"]}


async def test_what_is_exported_can_be_imported(client: httpx.AsyncClient, server: FeedServer, stand: Stand) -> None:
    server.answers["/feed.xml"] = answer("200 OK", rss(title='Q &amp; "A" 😀'))
    told = await made(client, server)
    exported = await client.get("/api/v1/opml")
    assert exported.headers["Content-Type"].startswith("text/x-opml")
    other = {"Authorization": f"Bearer {await stand.key('other')}"}
    imported = (await client.post("/api/v1/opml", content=exported.content, headers=other)).json()
    assert [(one["url"], one["title"]) for one in imported["items"]] == [(told["feed"]["url"], 'Q & "A" 😀')]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<opml>",
        b"<html></html>",
        b"{}",
        b'<!DOCTYPE opml [<!ENTITY a "aaaa">]><opml><body><outline xmlUrl="&a;"/></body></opml>',
        b'<!DOCTYPE opml [<!ENTITY a SYSTEM "file:///etc/hostname">]><opml><outline text="&a;"/></opml>',
        opml(*["http://example.com/"] * 5001),
    ],
    ids=["empty", "cut off", "a web page", "json", "entities", "external entities", "too many"],
)
async def test_a_list_that_is_none_is_refused(body: bytes, client: httpx.AsyncClient) -> None:
    told = await client.post("/api/v1/opml", content=body)
    assert (told.status_code, told.json()["code"]) == (400, "malformed"), told.text


async def test_a_list_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    told = await client.post("/api/v1/opml", content=b" " * (6 * 1024 * 1024))
    assert (told.status_code, told.json()["code"]) == (413, "too_large")
