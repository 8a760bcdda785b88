from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playhead.errors import EngineDiedError
from tests.api.conftest import Stand, client_of, recording, submit

if TYPE_CHECKING:
    import httpx

DIED = EngineDiedError("The engine died: segmentation fault (SIGSEGV).")


async def condemned(client: httpx.AsyncClient, stand: Stand, seconds: float = 1.0) -> tuple[dict[str, Any], list[str]]:
    """What to submit to be refused, and the ids of the jobs that killed an engine each."""
    file = (await client.post("/api/v1/files", files={"file": ("a.wav", recording(seconds))})).json()
    asked = {"input": {"file": file["id"]}}
    jobs = [(await submit(client, **asked))["id"] for _ in range(2)]
    for job_id in jobs:
        await stand.fail(await stand.claim(job_id), DIED)
    return asked, jobs


async def listed(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/quarantine", params=query)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_input_that_killed_two_engines_is_refused_listed_and_lifted(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    asked, jobs = await condemned(client, stand)
    refused = await client.post("/api/v1/jobs", json={"kind": "transcribe", **asked})
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["field"]) == (422, "input_quarantined", "input.file")
    found = await listed(client)
    (item,) = found["items"]
    assert f"playhead quarantine lift transcribe {item['sha256']}" in problem["detail"]
    assert (found["total"], item["kind"], item["deaths"], item["jobs"]) == (1, "transcribe", 2, jobs)
    assert item["last_error"] == DIED.message
    assert item["first_death_at"] < item["quarantined_at"]
    assert (await client.delete(f"/api/v1/quarantine/transcribe/{item['sha256']}")).status_code == 204
    assert await listed(client) == {"items": [], "total": 0}
    await submit(client, **asked)
    again = await client.delete(f"/api/v1/quarantine/transcribe/{item['sha256']}")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_the_list_can_be_of_one_kind_and_short(client: httpx.AsyncClient, stand: Stand) -> None:
    for seconds in (1, 2):
        await condemned(client, stand, seconds)
    short = await listed(client, kind="transcribe", limit=1)
    assert (len(short["items"]), short["total"]) == (1, 2)
    assert await listed(client, kind="other") == {"items": [], "total": 0}


async def test_all_can_be_lifted_at_once(client: httpx.AsyncClient, stand: Stand) -> None:
    asked = [(await condemned(client, stand, seconds))[0] for seconds in (1, 2)]
    assert (await client.delete("/api/v1/quarantine", params={"kind": "other"})).json() == {"lifted": 0}
    assert (await client.delete("/api/v1/quarantine", params={"kind": "transcribe"})).json() == {"lifted": 2}
    assert (await client.delete("/api/v1/quarantine")).json() == {"lifted": 0}
    for one in asked:
        await submit(client, **one)


async def test_a_retry_says_to_lift_it_first(client: httpx.AsyncClient, stand: Stand) -> None:
    _, (_, job_id) = await condemned(client, stand)
    refused = await client.post(f"/api/v1/jobs/{job_id}/retry")
    assert (refused.status_code, refused.json()["code"]) == (409, "state_conflict")
    assert "playhead quarantine lift transcribe" in refused.json()["detail"]
    (item,) = (await listed(client))["items"]
    await client.delete(f"/api/v1/quarantine/transcribe/{item['sha256']}")
    assert (await client.post(f"/api/v1/jobs/{job_id}/retry")).json()["state"] == "queued"


async def test_it_is_for_operators(client: httpx.AsyncClient, stand: Stand) -> None:
    await condemned(client, stand)
    (item,) = (await listed(client))["items"]
    async with client_of(stand, await stand.key("alice")) as alice:
        answers = [
            await alice.get("/api/v1/quarantine"),
            await alice.delete("/api/v1/quarantine"),
            await alice.delete(f"/api/v1/quarantine/transcribe/{item['sha256']}"),
        ]
    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert (await listed(client))["total"] == 1


async def test_metrics_count_what_is_in_quarantine(client: httpx.AsyncClient, stand: Stand) -> None:
    assert "playhead_quarantined_inputs{" not in (await client.get("/metrics")).text
    await condemned(client, stand)
    assert 'playhead_quarantined_inputs{kind="transcribe"} 1.0' in (await client.get("/metrics")).text
