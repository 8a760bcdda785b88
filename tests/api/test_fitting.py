"""What can never be is refused before it costs anything: an output that no job makes, or that a kind cannot work on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from tests.api.conftest import Stand, submit

BATCHES = "/api/v1/batches"
HEAR: dict[str, Any] = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}}


def of(job: str, output: str) -> dict[str, str]:
    return {"job": job, "output": output}


def fix(job: str, output: str = "transcript.srt") -> dict[str, Any]:
    return {"kind": "fix_srt", "input": of(job, output)}


def french(job: str, output: str) -> dict[str, Any]:
    return {"kind": "translate", "input": of(job, output), "params": {"language": "fr"}}


def take(kind: str, job: str, output: str) -> dict[str, Any]:
    return {"kind": kind, "input": of(job, output)}


UNFIT = [
    (take("summarize", "hear", "transcript.pdf"), "makes no output 'transcript.pdf', but transcript.json"),
    (take("transcribe", "hear", "transcript.txt"), "transcribe takes media; transcript.txt of"),
    (take("summarize", "fix", "subtitles.vtt"), "'subtitles.vtt' of transcript.srt, but subtitles.srt"),
    (take("speak", "text", "translation.srt"), "'translation.srt' of transcript.txt, but translation.txt"),
    (take("summarize", "vtt", "translation.srt"), "'translation.srt' of transcript.vtt, but translation.vtt"),
    ({"kind": "digest", "input": {"all": [of("hear", "transcript.txt"), of("fix", "x.srt")]}}, "'x.srt' of transcript"),
]
FIT = [
    take("summarize", "fix", "subtitles.srt"),
    take("fix_srt", "vtt", "translation.vtt"),
    take("speak", "text", "translation.txt"),
    take("annotate", "whole", "translation.srt"),
    {"kind": "digest", "input": {"all": [of("hear", "transcript.txt"), of("whole", "translation.txt")]}},
]
MAKERS: dict[str, dict[str, Any]] = {
    "hear": HEAR,
    "fix": fix("hear"),
    "vtt": french("hear", "transcript.vtt"),
    "text": french("hear", "transcript.txt"),
    "whole": french("hear", "transcript.json"),
}


def named(job: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """The same job, which calls the makers by their ids."""
    told = json.dumps(job)
    for name, job_id in ids.items():
        told = told.replace(f'"job": "{name}"', f'"job": "{job_id}"')
    found: dict[str, Any] = json.loads(told)
    return found


def place(job: dict[str, Any]) -> str:
    """Where the output stands within the job's input."""
    return "all.1.output" if "all" in job["input"] else "output"


async def made(client: httpx.AsyncClient) -> dict[str, str]:
    """Ids of the makers, none of which has begun."""
    ids: dict[str, str] = {}
    for name, job in MAKERS.items():
        ids[name] = (await submit(client, **named(job, ids)))["id"]
    return ids


async def refused(client: httpx.AsyncClient, path: str, body: dict[str, Any], field: str, told: str) -> None:
    before = (await client.get("/api/v1/stats")).json()["jobs"]
    problem = (await client.post(path, json=body)).json()
    assert (problem["status"], problem.get("field")) == (422, field), problem
    assert told in problem["detail"]
    assert (await client.get("/api/v1/stats")).json()["jobs"] == before
    assert (await client.get(BATCHES)).json()["items"] == []


@pytest.mark.parametrize(("job", "told"), UNFIT)
async def test_in_a_graph(client: httpx.AsyncClient, job: dict[str, Any], told: str) -> None:
    jobs = {**MAKERS, "last": job}
    await refused(client, BATCHES, {"jobs": jobs}, f"jobs.last.input.{place(job)}", told)


async def test_of_jobs_by_their_ids(client: httpx.AsyncClient) -> None:
    """Each by itself, among the inputs of a batch, and in a graph."""
    ids = await made(client)
    for job, told in UNFIT:
        one = named(job, ids)
        await refused(client, "/api/v1/jobs", one, f"input.{place(job)}", told)
        alike = {"kind": one["kind"], "inputs": [of(ids["whole"], "translation.txt"), one["input"]]}
        if one["kind"] != "transcribe":
            await refused(client, BATCHES, alike, f"inputs.1.{place(job)}", told)
        graph = {"jobs": {"first": HEAR, "last": one}}
        await refused(client, BATCHES, graph, f"jobs.last.input.{place(job)}", told)
    recipe = {"recipe": "podcast", "input": of(ids["hear"], "transcript.txt")}
    await refused(client, BATCHES, recipe, "input.output", "transcribe takes media")


async def test_a_chain_that_begins_outside_of_the_graph(client: httpx.AsyncClient) -> None:
    jobs = {"fix": fix((await submit(client))["id"], "transcript.vtt"), "last": french("fix", "subtitles.srt")}
    await refused(client, BATCHES, {"jobs": jobs}, "jobs.last.input.output", "'subtitles.srt' of transcript.vtt")


async def test_what_fits_is_taken(client: httpx.AsyncClient) -> None:
    ids = await made(client)
    for job in FIT:
        assert (await client.post("/api/v1/jobs", json=named(job, ids))).status_code == 202
    last = {f"last-{number}": job for number, job in enumerate(FIT)}
    assert (await client.post(BATCHES, json={"jobs": {**MAKERS, **last}})).status_code == 202


async def test_lines_of_a_corpus_are_judged_together(client: httpx.AsyncClient, stand: Stand) -> None:
    ids = await made(client)
    jobs = [named(job, ids) for job, _ in UNFIT]
    report = await send(client, [named(FIT[0], ids), *jobs])
    assert (report["accepted"], report["refused"]) == (1, len(jobs))
    assert [(one["line"], one["field"]) for one in report["errors"]] == [
        (number, f"input.{place(job)}") for number, job in enumerate(jobs, start=2)
    ]
    assert report["errors"][0]["message"].startswith(f"job {ids['hear']} makes no output 'transcript.pdf'")
    taken = []
    for count in (1, 30):
        each = [{"language": "de", "instructions": f"{count} {number}"} for number in range(count)]
        lines = [{**french(ids["hear"], "transcript.txt"), "params": params} for params in each]
        with statements(stand) as executed:
            assert (await send(client, lines))["accepted"] == count
        taken.append(len(executed))
    assert taken[0] == taken[1]


async def send(client: httpx.AsyncClient, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    answer = await client.post("/api/v1/bulk", content="\n".join(map(json.dumps, jobs)))
    found: dict[str, Any] = answer.json()
    return found


@contextmanager
def statements(stand: Stand) -> Iterator[list[str]]:
    executed: list[str] = []

    def note(*given: Any) -> None:
        executed.append(given[2])

    engine = stand.services.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield executed
    event.remove(engine, "before_cursor_execute", note)


async def test_a_job_that_succeeded_is_judged_by_what_it_made(client: httpx.AsyncClient, stand: Stand) -> None:
    files = [await stand.store(name, b"hello", "text/plain") for name in ("transcript.txt", "transcript.rtf")]
    job_id = await stand.done(client, files)
    await refused(client, "/api/v1/jobs", take("transcribe", job_id, "transcript.txt"), "input.output", "is text")
    await refused(client, "/api/v1/jobs", take("annotate", job_id, "transcript.pdf"), "input.output", "made no output")
    # Another version of the kind made it, whatever this one makes.
    await submit(client, **take("annotate", job_id, "transcript.rtf"))


async def test_what_a_key_made_is_told_again_though_it_would_be_refused_by_now(
    client: httpx.AsyncClient, stand: Stand
) -> None:
    """As after an upgrade to a version that makes, or takes, something else."""
    hear = (await submit(client))["id"]
    single, batch = take("annotate", hear, "transcript.txt"), {"jobs": {"last": take("speak", hear, "transcript.srt")}}
    asked = [("/api/v1/jobs", single), (BATCHES, batch)]
    first = [await client.post(path, json=body, headers={"Idempotency-Key": "once"}) for path, body in asked]
    async with stand.services.transaction() as session:
        again = "UPDATE jobs SET kind = 'convert', params = '{\"format\": \"mp3\"}' WHERE id = :id"
        await session.execute(text(again), {"id": hear})
    assert [(await client.post(path, json=body)).status_code for path, body in asked] == [422, 422]
    for (path, body), made in zip(asked, first, strict=True):
        repeated = await client.post(path, json=body, headers={"Idempotency-Key": "once"})
        assert (repeated.status_code, repeated.json()["id"]) == (202, made.json()["id"])


@pytest.mark.parametrize("changed", ["kind = 'gone'", 'params = \'{"of": "another version"}\''])
async def test_what_nobody_can_know_is_left_to_the_job(client: httpx.AsyncClient, stand: Stand, changed: str) -> None:
    job_id = (await submit(client))["id"]
    async with stand.services.transaction() as session:
        await session.execute(text(f"UPDATE jobs SET {changed}"))  # noqa: S608 - of this test
    await submit(client, **take("annotate", job_id, "anything.txt"))
