from __future__ import annotations

import asyncio

import httpx
import pytest

from api import keyring
from api.binding import check_bind
from playhead import keys
from playhead.errors import InvalidError
from playhead.settings import Settings
from tests.api.conftest import ADMIN_KEY, Stand, client_of, standing, submit

OPEN = ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"]
CLOSED = ["/api/v1/jobs", "/api/v1/kinds", "/api/v1/queues", "/api/v1/workers", "/api/v1/stats"]


@pytest.mark.parametrize("path", OPEN)
async def test_machines_that_watch_need_no_key(stand: Stand, path: str) -> None:
    async with client_of(stand, None) as client:
        assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize("path", CLOSED)
async def test_all_else_needs_one(stand: Stand, path: str) -> None:
    async with client_of(stand, None) as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "headers",
    [
        {b"Authorization": b"Bearer wrong"},
        {b"Authorization": b"Basic " + ADMIN_KEY.encode()},
        {b"Authorization": b"Bearer"},
        {b"Authorization": b"Bearer \xff\xfe"},
        {b"X-API-Key": b""},
        {b"Authorization": b"Bearer wrong", b"X-API-Key": ADMIN_KEY.encode()},
    ],
)
async def test_a_bad_key_opens_nothing(stand: Stand, headers: dict[bytes, bytes]) -> None:
    async with client_of(stand, None) as client:
        assert (await client.get("/api/v1/jobs", headers=headers)).status_code == 401


async def test_a_key_may_come_in_either_header(stand: Stand) -> None:
    key = await stand.key("alice")
    async with client_of(stand, None) as client:
        for headers in ({"Authorization": f"Bearer {key}"}, {"authorization": f"bearer {key}"}, {"X-API-Key": key}):
            assert (await client.get("/api/v1/jobs", headers=headers)).status_code == 200


async def test_what_an_owner_makes_is_theirs(stand: Stand, client: httpx.AsyncClient) -> None:
    async with client_of(stand, await stand.key("alice")) as alice:
        job = await submit(alice)
        assert [item["id"] for item in (await alice.get("/api/v1/jobs")).json()["items"]] == [job["id"]]
    async with client_of(stand, await stand.key("alice")) as other_key:
        assert (await other_key.get(f"/api/v1/jobs/{job['id']}")).status_code == 200
    assert (await client.get("/api/v1/jobs")).json()["items"] == []


async def test_a_revoked_key_stops_within_seconds(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("api.keyring.time.monotonic", lambda: now)
    key = await stand.key("alice")
    async with client_of(stand, key) as alice:
        assert (await alice.get("/api/v1/jobs")).status_code == 200
        async with stand.services.transaction() as session:
            await keys.revoke(session, key)
        now += keyring.REMEMBERED_SECONDS - 0.1
        assert (await alice.get("/api/v1/jobs")).status_code == 200, "remembered: this request cost no query"
        now += 0.2
        assert (await alice.get("/api/v1/jobs")).status_code == 401


async def test_only_an_admin_pauses_a_queue(stand: Stand, client: httpx.AsyncClient) -> None:
    async with client_of(stand, await stand.key("alice")) as alice:
        answer = await alice.post("/api/v1/queues/gpu/pause")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    async with client_of(stand, await stand.key("ops", admin=True)) as ops:
        assert (await ops.post("/api/v1/queues/gpu/pause")).json()["paused_at"] is not None
    assert (await client.post("/api/v1/queues/gpu/resume")).json()["paused_at"] is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:8000"},
        {"Host": "localhost"},
        {"Host": "[::1]:8000"},
        {"Host": "localhost:8000", "Origin": "http://localhost:8000"},
        {"Host": "playhead.example", "X-API-Key": ADMIN_KEY},
    ],
)
async def test_auth_off_lets_anyone_on_this_machine_in(settings: Settings, headers: dict[str, str]) -> None:
    async with standing(settings.model_copy(update={"auth": "off"})) as stand, client_of(stand, None) as client:
        client.headers.update(headers)
        await submit(client)
        assert (await client.post("/api/v1/queues/gpu/pause")).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "127.0.0.1:8000", "Origin": "https://evil.example"},
        {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:9000"},
        {"Host": "127.0.0.1:8000", "Origin": "null"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "[::1"},
        {"Host": ""},
    ],
)
async def test_auth_off_does_not_let_pages_of_other_sites_in(settings: Settings, headers: dict[str, str]) -> None:
    async with standing(settings.model_copy(update={"auth": "off"})) as stand, client_of(stand, None) as client:
        answer = await client.post("/api/v1/queues/gpu/pause", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert "PLAYHEAD_AUTH=off" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_auth_off_may_listen_on_this_machine(host: str) -> None:
    check_bind(Settings(auth="off"), host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "example.com", "localhost.example.com"])  # noqa: S104
def test_auth_off_may_not_listen_elsewhere(host: str) -> None:
    with pytest.raises(InvalidError, match="PLAYHEAD_AUTH"):
        check_bind(Settings(auth="off"), host)
    check_bind(Settings(auth="keys"), host)


async def test_keys_known_at_once_are_looked_up_side_by_side(stand: Stand) -> None:
    async with client_of(stand, await stand.key("alice")) as alice:
        answers = await asyncio.gather(*(alice.get("/api/v1/jobs") for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
