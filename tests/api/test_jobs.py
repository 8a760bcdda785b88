from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from playhead.errors import EngineCrashedError, MediaUnreadableError
from playhead.ledger.settle import Made
from playhead.ledger.submit import Submission
from playhead.models import ADMIN_OWNER, Job
from playhead.owners import set_tier
from tests.api.conftest import Stand, client_of, submit

INPUT = {"url": "https://example.com/talk.mp3"}
FIELDS = {
    *("id", "kind", "state", "progress", "stage", "eta_seconds", "position", "params", "input", "outputs", "result"),
    *(
        "error",
        "attempt",
        "max_attempts",
        "timeout_seconds",
        "priority",
        "queue",
        "parent_id",
        "after",
        "metadata",
        "created_at",
    ),
    *("started_at", "finished_at", "run_at", "expires_at", "gpu_seconds", "input_tokens", "output_tokens"),
    *("audio_seconds", "run_seconds", "realtime_factor", "cached_from", "trace_id"),
}


async def get(client: httpx.AsyncClient, job_id: str) -> Any:
    answer = await client.get(f"/api/v1/jobs/{job_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_job_is_accepted_and_found_where_its_location_says(client: httpx.AsyncClient) -> None:
    wanted = {"kind": "transcribe", "input": INPUT, "params": {"language": "en"}, "metadata": {"customer": "42"}}
    answer = await client.post("/api/v1/jobs", json=wanted)
    assert answer.status_code == 202
    job = answer.json()
    assert set(job) == FIELDS
    assert (job["state"], job["queue"], job["priority"], job["position"]) == ("queued", "gpu", "normal", 1)
    assert (job["params"]["language"], job["input"], job["metadata"]) == ("en", INPUT, {"customer": "42"})
    assert job["created_at"].endswith("Z")
    assert (await client.get(answer.headers["Location"])).json() == job


async def test_a_finished_job_shows_its_result_and_outputs(client: httpx.AsyncClient, stand: Stand) -> None:
    made = await stand.store("transcript.txt", b"hello", "text/plain")
    job = await get(client, await stand.done(client, [made]))
    assert (job["state"], job["progress"], job["result"], job["gpu_seconds"]) == (
        "succeeded",
        1,
        {"text": "hello"},
        1.5,
    )
    (output,) = job["outputs"]
    assert (output["name"], output["media_type"], output["size_bytes"]) == ("transcript.txt", "text/plain", 5)
    assert (await client.get(output["url"])).content == b"hello"


async def test_a_failed_job_tells_why(client: httpx.AsyncClient, stand: Stand) -> None:
    job_id = (await submit(client))["id"]
    await stand.fail(await stand.claim(job_id), MediaUnreadableError("it is a picture"))
    job = await get(client, job_id)
    assert (job["state"], job["attempt"]) == ("failed", 1)
    assert job["error"] == {"code": "media_unreadable", "message": "it is a picture", "attempt": 1}


async def test_the_position_counts_those_before_it_in_its_queue(client: httpx.AsyncClient, stand: Stand) -> None:
    first, second = await submit(client), await submit(client)
    urgent = await submit(client, priority="urgent")
    places = [(await get(client, job["id"]))["position"] for job in (urgent, first, second)]
    assert places == [1, 2, 3]
    await stand.claim(urgent["id"])
    assert (await get(client, urgent["id"]))["position"] is None
    assert (await get(client, second["id"]))["position"] == 2


async def test_a_job_of_a_better_tier_goes_ahead_and_answers_what_was_asked_for(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    free, key = await submit(client, priority="high"), await stand.key("paula")
    async with stand.services.transaction() as session:
        await set_tier(session, "paula", "premium", stand.services.settings.tiers)
    async with client_of(stand, key) as premium:
        ahead = await submit(premium, priority="urgent")
        assert (ahead["priority"], ahead["position"]) == ("urgent", 1)
    assert ((await get(client, free["id"]))["priority"], (await get(client, free["id"]))["position"]) == ("high", 2)


async def test_a_job_waits_for_others_and_for_its_time(client: httpx.AsyncClient, stand: Stand) -> None:
    first = await submit(client)
    chained = await submit(client, kind="annotate", input={"job": first["id"], "output": "transcript.txt"})
    assert (chained["state"], chained["after"], chained["position"]) == ("waiting", [first["id"]], None)
    later = await submit(client, run_at="2999-01-31T10:00:00+01:00")
    assert (later["state"], later["run_at"]) == ("waiting", "2999-01-31T09:00:00Z")
    made = await stand.store("transcript.txt", b"hello", "text/plain")
    await stand.succeed(await stand.claim(first["id"]), {}, [made])
    assert (await get(client, chained["id"]))["state"] == "queued"


async def test_the_same_key_gives_the_same_job_and_another_request_is_refused(client: httpx.AsyncClient) -> None:
    body, headers = {"kind": "transcribe", "input": INPUT}, {"Idempotency-Key": "k-1"}
    first = await client.post("/api/v1/jobs", json=body, headers=headers)
    again = await client.post("/api/v1/jobs", json={**body, "priority": "normal"}, headers=headers)
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    other = await client.post("/api/v1/jobs", json={**body, "priority": "high"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_mismatch")
    assert other.json()["field"] == "Idempotency-Key"


async def test_a_cache_that_is_no_boolean_is_named(client: httpx.AsyncClient) -> None:
    body = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}
    answer = await client.post("/api/v1/jobs?cache=maybe", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "cache")


async def test_cancel_retry_skip_and_delete_obey_the_state(client: httpx.AsyncClient) -> None:
    path = f"/api/v1/jobs/{(await submit(client))['id']}"
    assert (await client.delete(path)).status_code == 409
    assert (await client.post(f"{path}/retry")).json()["code"] == "state_conflict"
    assert (await client.post(f"{path}/cancel")).json()["state"] == "canceled"
    assert (await client.post(f"{path}/cancel")).status_code == 409
    assert (await client.post(f"{path}/retry")).json()["state"] == "queued"
    assert (await client.post(f"{path}/skip")).json()["state"] == "skipped"
    assert (await client.delete(path)).status_code == 204
    assert (await client.get(path)).status_code == 404


async def test_a_transient_failure_waits_for_its_next_attempt(client: httpx.AsyncClient, stand: Stand) -> None:
    job_id = (await submit(client))["id"]
    await stand.fail(await stand.claim(job_id), EngineCrashedError("signal 11"))
    job = await get(client, job_id)
    assert (job["state"], job["error"]["code"]) == ("waiting", "engine_crashed")
    assert job["run_at"] is not None


async def test_pages_go_from_the_newest_to_the_oldest_and_end(client: httpx.AsyncClient) -> None:
    made = [(await submit(client))["id"] for _ in range(5)]
    seen, cursor = [], None
    for _ in range(3):
        page = (await client.get("/api/v1/jobs", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        seen.append([job["id"] for job in page["items"]])
        cursor = page["next_cursor"]
    assert seen == [made[:2:-1], made[2:0:-1], made[:1]]
    assert cursor is None


async def test_a_list_leaves_results_out(client: httpx.AsyncClient, stand: Stand) -> None:
    made = Made("transcript.txt", (await stand.store("x", b"x", "text/plain")).sha256, 1, "text/plain")
    job_id = await stand.done(client, [made])
    (job,) = (await client.get("/api/v1/jobs")).json()["items"]
    assert (job["id"], job["result"]) == (job_id, None)
    assert [output["name"] for output in job["outputs"]] == ["transcript.txt"]
    assert set(job) == FIELDS


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=canceled", {"b"}),
        ("state=canceled&state=queued", {"a", "b", "c"}),
        ("state=running", set()),
        ("kind=transcribe&state=queued", {"a", "c"}),
        ("kind=nothing", set()),
        ("metadata=who:a", {"a"}),
        ("metadata=who:a&metadata=team:x", {"a"}),
        ("metadata=team:x", {"a", "b"}),
        ("metadata=team:y", set()),
        ("metadata=note:a:b", {"c"}),
        ("parent=01890000-0000-7000-8000-000000000000", set()),
    ],
)
async def test_a_list_is_filtered(client: httpx.AsyncClient, query: str, expected: set[str]) -> None:
    await submit(client, metadata={"who": "a", "team": "x"})
    gone = await submit(client, metadata={"who": "b", "team": "x"})
    await submit(client, metadata={"who": "c", "note": "a:b"})
    await client.post(f"/api/v1/jobs/{gone['id']}/cancel")
    answer = await client.get(f"/api/v1/jobs?{query}")
    assert answer.status_code == 200, answer.text
    assert {job["metadata"]["who"] for job in answer.json()["items"]} == expected


async def test_another_owners_job_does_not_exist(client: httpx.AsyncClient, stand: Stand) -> None:
    made = await stand.store("transcript.txt", b"hello", "text/plain")
    job_id = await stand.done(client, [made])
    path = f"/api/v1/jobs/{job_id}"
    async with client_of(stand, await stand.key("stranger")) as stranger:
        tries = [
            await stranger.get(path),
            await stranger.get(f"{path}?wait=10"),
            await stranger.get(f"{path}/events"),
            await stranger.get(f"{path}/outputs/transcript.txt"),
            *[await stranger.post(f"{path}/{action}") for action in ("cancel", "retry", "skip")],
            await stranger.delete(path),
        ]
        assert [answer.status_code for answer in tries] == [404] * 8
        assert (await stranger.get("/api/v1/jobs")).json()["items"] == []
        chained = {"kind": "transcribe", "input": {"job": job_id, "output": "transcript.txt"}}
        assert (await stranger.post("/api/v1/jobs", json=chained)).json()["field"] == "input.job"
    assert (await client.get(path)).status_code == 200


async def test_a_key_is_known_still_when_a_later_version_has_more_params(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    headers = {"Idempotency-Key": "one"}
    body = {"kind": "transcribe", "input": INPUT, "params": {"language": "en"}}
    first = (await client.post("/api/v1/jobs", json=body, headers=headers)).json()
    async with stand.services.transaction() as session:
        (digest,) = await session.scalars(select(Job.request_digest))
    wanted = Submission(
        owner_id=ADMIN_OWNER,
        kind="transcribe",
        queue="gpu",
        params={"language": "en", "a_param_of_a_later_version": False},
        chosen_params={"language": "en"},
        input=INPUT,
        max_attempts=first["max_attempts"],
    )
    assert digest == wanted.digest()
