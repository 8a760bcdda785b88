from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.api.conftest import Stand, submit

INPUT = {"url": "https://example.com/talk.mp3"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
NOBODY = "01890000-0000-7000-8000-000000000000"


async def stored(client: httpx.AsyncClient) -> int:
    return len((await client.get("/api/v1/jobs")).json()["items"])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "transcibe"}, "kind"),
        ({"kind": None}, "kind"),
        ({"inptu": INPUT}, "inptu"),
        ({"params": {"langage": "en"}}, "params.langage"),
        ({"params": {"language": "klingon"}}, "params.language"),
        ({"params": {"prompt": "a\0b"}}, "params.prompt"),
        ({"params": []}, "params"),
        ({"input": None}, "input"),
        ({"input": {}}, "input"),
        ({"input": {"file": NOBODY}}, "input.file"),
        ({"input": {"file": "x"}}, "input.file"),
        ({"input": {"url": "https://example.com/a", "file": NOBODY}}, "input.url"),
        ({"input": {"url": ""}}, "input.url"),
        ({"input": {"url": "ftp://example.com/a"}}, "input.url"),
        ({"input": {"url": "http://127.0.0.1/a"}}, "input.url"),
        ({"input": {"url": "http://[::ffff:169.254.169.254]/"}}, "input.url"),
        ({"input": {"url": "http://localhost:5432/"}}, "input.url"),
        ({"input": {"url": 7}}, "input.url"),
        ({"input": {"job": NOBODY, "output": "a.txt"}}, "input.job"),
        ({"input": {"job": NOBODY}}, "input.output"),
        ({"input": {"job": NOBODY, "output": "../a"}}, "input.output"),
        ({"priority": "soon"}, "priority"),
        ({"run_at": "2030-01-01T00:00:00"}, "run_at"),
        ({"run_at": 7}, "run_at"),
        ({"run_at": "9999-12-31T23:59:59-12:00"}, "run_at"),
        ({"run_at": "0001-01-01T00:00:00+12:00"}, "run_at"),
        ({"after": [NOBODY]}, "after"),
        ({"after": ["x"]}, "after.0"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"max_attempts": 101}, "max_attempts"),
        ({"max_attempts": 10**30}, "max_attempts"),
        ({"max_attempts": "3"}, "max_attempts"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": "60"}, "timeout_seconds"),
        ({"timeout_seconds": 1e300}, "timeout_seconds"),
        ({"expires_in_seconds": 0}, "expires_in_seconds"),
        ({"expires_in_seconds": 1e300}, "expires_in_seconds"),
        ({"metadata": {"a": 1}}, "metadata.a"),
        ({"metadata": {"a": "\0"}}, "metadata.a"),
        ({"metadata": {"a": "\ud800"}}, "metadata.a"),
        ({"metadata": {"a": "x" * 501}}, "metadata.a"),
        ({"metadata": {str(number): "x" for number in range(51)}}, "metadata"),
        ({"webhook": {"url": "https://example.com"}}, "webhook"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(
    client: httpx.AsyncClient, changes: dict[str, Any], field: str
) -> None:
    body = {"kind": "transcribe", "input": INPUT, **changes}
    headers = {"Content-Type": "application/json"}
    answer = await client.post("/api/v1/jobs", content=json.dumps(body), headers=headers)
    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert problem["field"] == field, problem
    assert problem["status"] == 422
    assert problem["type"].endswith(problem["code"])
    assert await stored(client) == 0


async def test_a_forbidden_url_has_a_code_of_its_own(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs", json={"kind": "transcribe", "input": {"url": "http://10.0.0.1/"}})
    assert answer.json()["code"] == "url_forbidden"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_numbers_that_json_has_not_are_refused(client: httpx.AsyncClient, number: str) -> None:
    body = f'{{"kind": "transcribe", "input": {{"url": "https://example.com"}}, "params": {{"temperature": {number}}}}}'
    answer = await client.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (422, "params.temperature")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b"nul", b"[" * 100_000, b'{"kind": ' + b"1" * 5000 + b"}", b'"\xed\xa0\x80"'],
    ids=["empty", "cut", "no text", "no word", "deep", "long number", "surrogate"],
)
async def test_a_body_that_is_no_json_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.json()["code"] in {"malformed", "invalid"}


async def test_a_body_that_does_not_say_it_is_json_is_refused(client: httpx.AsyncClient) -> None:
    # A page elsewhere could make a browser send it without asking first.
    body = json.dumps({"kind": "transcribe", "input": INPUT})
    answer = await client.post("/api/v1/jobs", content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {f"k{number}": 1 for number in range(80_000)},
        {"metadata": {f"!{number}": 1 for number in range(60_000)}},
        {"after": ["x"] * 200_000},
        {"x" * 500_000: 1},
        {"after": ["x"] * 1000},
    ],
    ids=["names", "metadata", "after", "one long name", "as many as are allowed"],
)
async def test_a_body_that_is_wrong_all_over_is_answered_in_few_words(
    client: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    body = json.dumps({"kind": "transcribe", "input": INPUT, **wrong})
    answer = await client.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert len(answer.content) < 8192, "or whoever sends a megabyte is sent twenty"


async def test_what_is_wrong_beyond_the_first_is_counted(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/jobs", json={"kind": "transcribe", "input": INPUT, "after": ["x"] * 25})
    assert (len(answer.json()["errors"]), answer.json()["detail"][-10:]) == (20, "and 5 more")


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'"x"', b"null"])
async def test_a_body_that_is_no_object_is_told_what_to_send(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "send a JSON object" in answer.json()["detail"]


async def test_curl_without_a_content_type_is_told_which_to_send(client: httpx.AsyncClient) -> None:
    # What `curl -d '{...}'` does.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = json.dumps({"kind": "transcribe", "input": INPUT})
    answer = await client.post("/api/v1/jobs", content=body, headers=headers)
    assert "`Content-Type: application/json`" in answer.json()["detail"]


async def test_a_code_has_one_title_whoever_raised_it(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    pairs = [
        (await client.get("/none"), await client.get(f"/api/v1/jobs/{NOBODY}")),
        (
            await client.post("/api/v1/jobs", content=b"[" * 100_000, headers=headers),
            await client.post("/api/v1/jobs", content=b"[", headers=headers),
        ),
    ]
    for ours, theirs in pairs:
        assert (ours.json()["code"], ours.json()["title"]) == (theirs.json()["code"], theirs.json()["title"])


async def test_a_wrong_method_is_told_the_right_ones(client: httpx.AsyncClient) -> None:
    answer = await client.put("/api/v1/jobs")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.json()["detail"] == "this path takes GET, POST"


async def test_a_long_file_name_is_named(client: httpx.AsyncClient) -> None:
    answer = await client.post(f"/api/v1/files?name={'a' * 256}", content=b"x")
    assert (answer.status_code, answer.json()["field"]) == (422, "name")


async def test_a_large_body_is_refused_unread(client: httpx.AsyncClient) -> None:
    body = {"kind": "transcribe", "input": INPUT, "metadata": {"a": "x" * 2_000_000}}
    answer = await client.post("/api/v1/jobs", json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("key", ["", " ", "with space", "x" * 256, "ä"])
async def test_an_idempotency_key_must_be_visible(client: httpx.AsyncClient, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    answer = await client.post("/api/v1/jobs", json={"kind": "transcribe", "input": INPUT}, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("stat=failed", "stat"),
        ("state=done", "state.0"),
        ("kind=%00", "kind"),
        ("parent=x", "parent"),
        ("metadata=a", "metadata.0"),
        ("metadata=a:%00", "metadata.0"),
        ("metadata=a:1&metadata=a:2", "metadata"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=", "cursor"),
        ("cursor=%FF%FE", "cursor"),
        ("cursor=AAAA", "cursor"),
        (f"cursor={'A' * 65}", "cursor"),
        (f"kind={'a' * 65}", "kind"),
        ("offset=1000000", "offset"),
    ],
)
async def test_a_wrong_filter_is_named(client: httpx.AsyncClient, query: str, field: str) -> None:
    answer = await client.get(f"/api/v1/jobs?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


@pytest.mark.parametrize("query", ["wait=-1", "wait=61", "wait=nan", "wait=inf", "wait=x", "wiat=1"])
async def test_a_wait_is_bounded(client: httpx.AsyncClient, query: str) -> None:
    job = await submit(client)
    answer = await client.get(f"/api/v1/jobs/{job['id']}?{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, query.split("=", maxsplit=1)[0])


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/jobs/x", 422),
        (f"/api/v1/jobs/{NOBODY}", 404),
        (f"/api/v1/jobs/{NOBODY}/outputs/%00", 422),
        (f"/api/v1/jobs/{NOBODY}/outputs/a.txt", 404),
        (f"/api/v1/jobs/{NOBODY}/events", 404),
        (f"/api/v1/files/{NOBODY}", 404),
        (f"/api/v1/files/{NOBODY}/content", 404),
        ("/api/v1/queues/none/pause", 405),
        ("/api/v1/none", 404),
        ("/api/v1/jobs/", 404),
    ],
)
async def test_what_is_not_there_is_a_problem_too(client: httpx.AsyncClient, path: str, status: int) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


async def test_a_bug_is_told_without_its_inside_and_with_a_request_id(
    client: httpx.AsyncClient, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        message = "secret inside"
        raise RuntimeError(message)

    monkeypatch.setattr(stand.services.watchers, "of", broken)
    job = await submit(client)
    answer = await client.get(f"/api/v1/jobs/{job['id']}?wait=1")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("a b", False), ("x" * 129, False), ("", False)])
async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient, given: str, kept: bool) -> None:  # noqa: FBT001
    answer = await client.get("/healthz", headers={"X-Request-ID": given})
    assert (answer.headers["X-Request-ID"] == given) is kept
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        (
            {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
            "0af7651916cd43dd8448eb211c80319c",
        ),
        ({"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01", "X-Request-ID": "mine"}, "mine"),
        ({"traceparent": "nonsense", "X-Request-ID": "mine"}, "mine"),
    ],
)
async def test_a_job_belongs_to_the_trace_of_its_request(
    client: httpx.AsyncClient, headers: dict[str, str], trace: str
) -> None:
    answer = await client.post("/api/v1/jobs", json={"kind": "transcribe", "input": INPUT}, headers=headers)
    assert answer.json()["trace_id"] == trace
