from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from playhead.asking.requests import Requests
from playhead.errors import InvalidError
from playhead.models import Job
from playhead.stories.steps import SPEAK, STEPS, TELL
from tests.api.conftest import client_of
from tests.stories.conftest import TYPES, Desk, story

if TYPE_CHECKING:
    from uuid import UUID

    import httpx

    from tests.api.conftest import Stand

PATH = "/api/v1/adventures"
WANTED: dict[str, Any] = {
    "language": "en",
    "level": "A1",
    "native_language": "fr",
    "theme": "An old house",
    "title": "Mine",
    "voice": "en-us",
}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(stand: Stand) -> Desk:
    """Whoever does the jobs, and writes down what they made."""
    services = stand.services
    return Desk(services.database, services.storage, Requests(TYPES, services.settings), stand.worker_id)


async def begun(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(PATH, json={**WANTED, **changes})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PATH}/{answer.json()['id']}"
    return dict(answer.json())


async def written(client: httpx.AsyncClient, desk: Desk) -> dict[str, Any]:
    told = await begun(client)
    await desk.write(told["id"])
    return dict((await client.get(f"{PATH}/{told['id']}")).json())


async def test_an_adventure_awaits_its_first_entry(client: httpx.AsyncClient) -> None:
    told = await begun(client)
    assert {name: told[name] for name in WANTED} == WANTED
    assert (told["status"], told["error"], told["latest"], told["model"]) == ("awaiting_first_entry", None, 1, None)
    [entry] = told["entries"]
    assert (entry["number"], entry["status"], entry["title"], entry["choices"]) == (1, "pending", None, [])
    assert (await client.get(f"{PATH}/{told['id']}")).json() == told
    batch = (await client.get(f"/api/v1/batches/{entry['batch_id']}")).json()
    assert set(batch["jobs"]) == set(STEPS)
    assert batch["metadata"] == {"adventure": told["id"], "entry": "1"}
    outline = {name: value for name, value in told.items() if name != "entries"}
    assert (await client.get(PATH)).json() == {"items": [outline], "next_cursor": None}


async def test_an_entry_has_text_translation_audio_and_grammar(client: httpx.AsyncClient, desk: Desk) -> None:
    told = await written(client, desk)
    assert (told["status"], told["entries"][0]["choices"]) == ("active", story().choices)
    path = f"{PATH}/{told['id']}/entries/1"
    entry = (await client.get(path)).json()
    assert entry["text"] == "Ann found a map. It was old.\n\nShe took it."
    assert entry["sentences"] == [
        {"text": "Ann found a map.", "translation": "Ann a une carte."},
        {"text": "It was old.", "translation": None},
        {"text": "She took it.", "translation": "Elle la prit."},
    ]
    assert (entry["audio"]["url"], entry["audio"]["duration_seconds"]) == (f"{path}/audio", 3.5)
    audio = await client.get(entry["audio"]["url"], headers={"Range": "bytes=4-"})
    assert (audio.status_code, audio.content, audio.headers["Content-Type"]) == (206, b"sound", "audio/mpeg")
    assert (await client.get(entry["annotation"]["url"])).content == b"{}"
    assert (await client.get(f"/api/v1/files/{entry['audio']['file_id']}")).json()["expires_at"] is None


async def test_what_is_not_written_yet_is_not_there(client: httpx.AsyncClient) -> None:
    path = f"{PATH}/{(await begun(client))['id']}/entries"
    entry = (await client.get(f"{path}/1")).json()
    assert (entry["text"], entry["sentences"], entry["audio"]) == (None, [], None)
    for missing in ("1/audio", "1/annotation", "2"):
        assert (await client.get(f"{path}/{missing}")).status_code == 404
    for wrong in ("0", "x", "1/text", str(2**31)):
        assert (await client.get(f"{path}/{wrong}")).status_code == 422


@pytest.mark.parametrize("choice", [2, "Follow the map."])
async def test_a_decision_leads_to_the_next_entry(choice: int | str, client: httpx.AsyncClient, desk: Desk) -> None:
    told = await written(client, desk)
    answer = await client.post(f"{PATH}/{told['id']}/decisions", json={"choice": choice})
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{PATH}/{told['id']}/entries/2")
    assert (answer.json()["choice"], answer.json()["decision"]) == (2, "Follow the map.")
    now = (await client.get(f"{PATH}/{told['id']}")).json()
    assert (now["status"], now["latest"], len(now["entries"])) == ("awaiting_entry", 2, 2)
    again = await client.post(f"{PATH}/{told['id']}/decisions", json={"choice": choice})
    assert (again.status_code, again.json()["code"]) == (409, "entry_pending")
    await desk.write(told["id"])
    assert (await client.get(f"{PATH}/{told['id']}")).json()["status"] == "active"


async def test_a_decision_that_is_repeated_is_made_once(client: httpx.AsyncClient, desk: Desk) -> None:
    told = await written(client, desk)
    path = f"{PATH}/{told['id']}/decisions"
    first, again = [(await client.post(path, json={"choice": 2, "entry": 1})).json() for _ in range(2)]
    assert first == again
    other = await client.post(path, json={"choice": 1, "entry": 1})
    assert (other.status_code, other.json()["code"]) == (409, "already_decided")
    await desk.write(told["id"])
    keyed: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}, "json": {"choice": 3}}
    first, again = [(await client.post(path, **keyed)).json() for _ in range(2)]
    assert first == again
    other = await client.post(path, headers={"Idempotency-Key": "k"}, json={"choice": 1})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert (await client.get(f"{PATH}/{told['id']}")).json()["latest"] == 3


async def test_an_error_names_the_step_and_a_retry_is_safe_to_repeat(client: httpx.AsyncClient, desk: Desk) -> None:
    told = await begun(client)
    path = f"{PATH}/{told['id']}"
    for step in STEPS:
        await desk.end(told["id"], step, InvalidError("no such voice") if step == SPEAK else None)
    await desk.reconciler.advance()
    now = (await client.get(path)).json()
    assert (now["status"], now["error"]) == (
        "error",
        {"step": "speak", "code": "invalid", "message": "no such voice"},
    )
    decided = await client.post(f"{path}/decisions", json={"choice": 1})
    assert (decided.status_code, decided.json()["code"]) == (409, "entry_failed")
    first, again = [(await client.post(f"{path}/retry")).json() for _ in range(2)]
    assert first == again
    assert (first["status"], first["entries"][0]["error"]) == ("awaiting_first_entry", None)
    await desk.write(told["id"])
    done = await client.post(f"{path}/retry")
    assert (done.status_code, done.json()["code"]) == (409, "state_conflict")


async def test_a_wait_ends_when_the_entry_is_there(client: httpx.AsyncClient, desk: Desk) -> None:
    told = await begun(client)
    waiting = asyncio.create_task(client.get(f"{PATH}/{told['id']}", params={"wait": 60}))
    await desk.write(told["id"])
    assert (await waiting).json()["status"] == "active"
    assert (await client.get(f"{PATH}/{told['id']}", params={"wait": 60})).json()["status"] == "active"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"language": "xx"}, "language"),
        ({"level": "a1"}, "level"),
        ({"native_language": "en-XX"}, "native_language"),
        ({"theme": " "}, "theme"),
        ({"theme": "\0"}, "theme"),
        ({"theme": "{}"}, "theme"),
        ({"theme": "\ufeff {}"}, "theme"),
        ({"theme": "\u200b..."}, "theme"),
        ({"theme": "x" * 1001}, "theme"),
        ({"voice": ""}, "voice"),
        ({"annotated": "yes"}, "annotated"),
        ({"whatever": 1}, "whatever"),
    ],
)
async def test_what_cannot_be_told_is_refused_and_not_kept(
    change: dict[str, Any], field: str, client: httpx.AsyncClient, desk: Desk
) -> None:
    answer = await client.post(PATH, json={**WANTED, **change})
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text
    assert (await client.get(PATH)).json()["items"] == []
    assert await desk.all(Job) == []


@pytest.mark.parametrize("choice", [0, 4, True, 1.5, None, "", "Sleep.", "\0", "x" * 201, [1]])
async def test_a_choice_that_is_none_is_refused(choice: Any, client: httpx.AsyncClient, desk: Desk) -> None:
    told = await written(client, desk)
    answer = await client.post(f"{PATH}/{told['id']}/decisions", json={"choice": choice})
    assert (answer.status_code, answer.json()["field"]) == (422, "choice"), answer.text
    assert "Give a number from 1 to 3, or the words of a choice" in answer.json()["detail"]
    assert len(await desk.all(Job)) == len(STEPS)


async def test_an_adventure_that_is_asked_for_twice_with_a_key_is_begun_once(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    headers = {"Idempotency-Key": "mine"}
    answers = await asyncio.gather(*(client.post(PATH, json=WANTED, headers=headers) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await desk.all(Job)) == len(STEPS)
    other = await client.post(PATH, json={**WANTED, "level": "C2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")


async def test_an_adventure_is_forgotten_with_its_files(client: httpx.AsyncClient, desk: Desk) -> None:
    told = await written(client, desk)
    file_id = (await client.get(f"{PATH}/{told['id']}/entries/1")).json()["audio"]["file_id"]
    await client.post(f"{PATH}/{told['id']}/decisions", json={"choice": 1})
    assert (await client.delete(f"{PATH}/{told['id']}")).status_code == 204
    assert (await client.delete(f"{PATH}/{told['id']}")).status_code == 404
    assert (await client.get(f"/api/v1/files/{file_id}")).status_code == 404
    assert (await client.get(f"{PATH}/{told['id']}/entries/1/audio")).status_code == 404
    assert {job.state for job in await desk.all(Job)} == {"succeeded", "canceled"}


async def test_another_owners_are_not_there(client: httpx.AsyncClient, stand: Stand, desk: Desk) -> None:
    told = await written(client, desk)
    path = f"{PATH}/{told['id']}"
    async with client_of(stand, await stand.key("other")) as other:
        assert (await other.get(PATH)).json()["items"] == []
        for method, where, body in [
            ("GET", "", None),
            ("DELETE", "", None),
            ("GET", "/entries/1", None),
            ("GET", "/entries/1/audio", None),
            ("POST", "/decisions", {"choice": 1}),
            ("POST", "/retry", None),
        ]:
            assert (await other.request(method, f"{path}{where}", json=body)).status_code == 404
    job: UUID = (await desk.job(told["id"], TELL)).id
    assert (await client.get(f"/api/v1/jobs/{job}")).status_code == 200
