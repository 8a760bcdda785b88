"""Plugs are pulled while a job is under way; nothing is lost."""

from __future__ import annotations

import httpx
import pytest

from tests.compose.client import Client
from tests.compose.stack import Stack

pytestmark = [pytest.mark.compose, pytest.mark.timeout(1900)]  # the first one waits for the images

SEGMENTS = 25


def assert_whole(job: dict[str, object], attempt: int) -> None:
    assert job["state"] == "succeeded", job
    assert job["attempt"] == attempt
    result = job["result"]
    assert isinstance(result, dict)
    assert [segment["id"] for segment in result["segments"]] == list(range(SEGMENTS))


def test_a_job_posted_while_the_worker_is_down_is_done_when_it_comes_up(stack: Stack, client: Client) -> None:
    stack.compose("stop", "worker")
    job_id = client.submit()
    assert client.job(job_id, wait_seconds=1)["state"] == "queued"
    stack.start("worker")
    assert_whole(client.until_done(job_id), attempt=1)


def test_a_worker_killed_mid_job_is_restarted_and_the_job_costs_one_attempt_more(stack: Stack, client: Client) -> None:
    restarts = int(stack.of("worker", ".RestartCount"))
    with stack.killer("worker") as kill:
        job_id = client.submit()
        client.until_first_segment(job_id)
        kill()
    assert_whole(client.until_done(job_id), attempt=2)
    assert int(stack.of("worker", ".RestartCount")) == restarts + 1


def test_a_worker_stopped_mid_job_gives_it_back_at_no_cost(stack: Stack, client: Client) -> None:
    job_id = client.submit()
    client.until_first_segment(job_id)
    stack.compose("stop", "worker")
    assert stack.of("worker", ".State.ExitCode") == "0"
    assert client.job(job_id)["state"] == "queued"
    stack.start("worker")
    assert_whole(client.until_done(job_id), attempt=1)


def test_a_job_outlives_a_restart_of_the_database(stack: Stack, client: Client) -> None:
    job_id = client.submit()
    client.until_first_segment(job_id)
    stack.compose("restart", "db")
    assert_whole(client.until_done(job_id), attempt=1)


def test_a_job_outlives_the_death_of_the_database(stack: Stack, client: Client) -> None:
    restarts = int(stack.of("db", ".RestartCount"))
    with stack.killer("db") as kill:
        job_id = client.submit()
        client.until_first_segment(job_id)
        kill()
    assert_whole(client.until_done(job_id), attempt=1)
    assert int(stack.of("db", ".RestartCount")) == restarts + 1


def test_without_its_database_the_api_says_when_to_ask_again(stack: Stack, client: Client) -> None:
    process = stack.of("api", ".State.Pid")
    job_id = client.submit()
    client.until_first_segment(job_id)
    stack.compose("stop", "db")
    for path in (f"/api/v1/jobs/{job_id}", "/readyz"):
        answer = client.http.get(path)
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE, path
    refused = client.http.get(f"/api/v1/jobs/{job_id}")
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert client.http.get("/healthz").status_code == httpx.codes.OK
    stack.start("db")
    assert client.until_done(job_id)["state"] == "succeeded"
    assert stack.of("api", ".State.Pid") == process  # it needed no restart to find its database again


def test_a_worker_stops_in_order_although_the_database_is_away(stack: Stack, client: Client) -> None:
    job_id = client.submit()
    client.until_first_segment(job_id)
    stack.compose("stop", "db")
    stack.compose("stop", "worker")
    assert stack.of("worker", ".State.ExitCode") == "0"
    stack.start("db")
    stack.start("worker")
    assert client.until_done(job_id)["state"] == "succeeded"


def test_the_killed_api_is_restarted_and_the_job_goes_on_without_it(stack: Stack, client: Client) -> None:
    with stack.killer("api") as kill:
        job_id = client.submit()
        client.until_first_segment(job_id)
        kill()
    stack.compose("up", "--no-build", "--no-recreate", "--wait", "api")
    with Client(stack.url(), stack.admin_key()) as again:
        assert_whole(again.until_done(job_id), attempt=1)
