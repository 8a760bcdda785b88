"""The database's disk is full, until somebody makes room: what was begun goes on, and nobody was restarted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from tests.compose.client import Client
from tests.compose.stack import Stack

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1900)]  # the first one waits for the images

BALLAST = "/disk/ballast"
FILL_SECONDS = 60
PADDING = {f"pad{number}": "x" * 500 for number in range(4)}
SEGMENTS = 20
"""Of 16 MiB: more than there is room for."""


@pytest.fixture(scope="module")
def _running() -> Iterator[Stack]:
    made = Stack("tests/compose/tight.yml")
    try:
        with suppress(AssertionError):  # What comes up slowly is healed before the test.
            made.up()
        yield made
    finally:
        made.down()


def fill(stack: Stack) -> None:
    stack.compose("exec", "-T", "holder", "sh", "-c", f"dd if=/dev/zero of={BALLAST} bs=8k 2>/dev/null || true")


def end_by_its_log(stack: Stack) -> None:
    """Let the server write its log until it has no room for more of it, and panics."""
    write = "SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000)), pg_switch_wal()"
    for _ in range(SEGMENTS):
        try:
            stack.compose("exec", "-T", "db", "psql", "-U", "playhead", "-c", write)
        except AssertionError:
            return
    pytest.fail("the server did not end")


def make_room(stack: Stack) -> None:
    stack.compose("exec", "-T", "holder", "rm", BALLAST)


def processes(stack: Stack) -> list[str]:
    return [stack.of(service, ".State.Pid") for service in ("api", "worker")]


def until_refused(client: Client) -> httpx.Response:
    """Submit until it fails: pages that are there already still have room."""
    body = {"kind": "transcribe", "input": {"url": "https://example.com/talk.mp3"}, "metadata": PADDING}
    deadline = time.monotonic() + FILL_SECONDS
    while time.monotonic() < deadline:
        answer = client.http.post("/api/v1/jobs", json={**body, "run_at": "2999-01-01T00:00:00Z"})
        if answer.status_code != httpx.codes.ACCEPTED:
            return answer
    pytest.fail("the disk did not get full")


def assert_unavailable(answer: httpx.Response) -> None:
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0


@contextmanager
def costing_nothing_but_time(stack: Stack, client: Client) -> Iterator[str]:
    """The disk is full while a job is under way; the job goes on when there is room, in the same processes."""
    before = processes(stack)
    job_id = client.submit()
    client.until_first_segment(job_id)
    fill(stack)
    yield job_id
    assert client.http.get("/healthz").status_code == httpx.codes.OK
    make_room(stack)
    job = client.until_done(job_id)
    assert (job["state"], job["attempt"]) == ("succeeded", 1)
    assert client.until_done(client.submit())["state"] == "succeeded"
    assert processes(stack) == before


def test_a_full_disk_costs_nothing_but_time(stack: Stack, client: Client) -> None:
    with costing_nothing_but_time(stack, client):
        assert_unavailable(until_refused(client))


def test_a_full_disk_that_ends_the_server_costs_nothing_but_time(stack: Stack, client: Client) -> None:
    """Without room for its log the server panics, and does not come up before there is some."""
    with costing_nothing_but_time(stack, client) as job_id:
        end_by_its_log(stack)
        assert_unavailable(client.http.get(f"/api/v1/jobs/{job_id}"))
