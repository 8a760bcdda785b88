"""What the tests ask of the API."""

from __future__ import annotations

import io
import os
import time
import wave
from typing import Any, Self

import httpx

PATIENCE_SECONDS = 120.0


class Client:
    """The API of the stack, with the admin key."""

    def __init__(self, url: str, key: str) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        # Its own connection for each request: one kept alive would make a restart of the API an error here.
        limits = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=url, headers=headers, timeout=75, trust_env=False, limits=limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def submit(self) -> str:
        """The id of a new job that does all its work anew."""
        file = self._ok(self.http.post("/api/v1/files", files={"file": ("second.wav", second_of_noise())}))
        return self.ask("transcribe", {"file": file["id"]})

    def ask(self, kind: str, source: dict[str, str], **params: Any) -> str:
        """The id of a new job, which does its work whatever was done before."""
        body = {"kind": kind, "input": source, "params": params}
        return str(self._ok(self.http.post("/api/v1/jobs?cache=false", json=body))["id"])

    def output(self, job_id: str, name: str) -> bytes:
        """What a job made."""
        answer = self.http.get(f"/api/v1/jobs/{job_id}/outputs/{name}")
        assert answer.is_success, answer.text
        return answer.content

    def job(self, job_id: str, wait_seconds: int = 0) -> dict[str, Any]:
        """The job, at once or when it has ended."""
        return self._ok(self.http.get(f"/api/v1/jobs/{job_id}", params={"wait": wait_seconds}))

    def until_first_segment(self, job_id: str) -> None:
        """Return once a worker is in the middle of the job: it has told its first segment."""
        with self.http.stream("GET", f"/api/v1/jobs/{job_id}/events") as answer:
            assert any(line == "event: segment" for line in answer.iter_lines())

    def until_done(self, job_id: str) -> dict[str, Any]:
        """The job once it has ended; while the API has no database it is asked again when it says so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self.http.get(f"/api/v1/jobs/{job_id}", params={"wait": 30})
            if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                time.sleep(float(answer.headers["Retry-After"]))
                continue
            job = self._ok(answer)
            if job["finished_at"]:
                return job
        raise AssertionError(f"job {job_id} has not ended within {PATIENCE_SECONDS:.0f} s")

    def _ok(self, answer: httpx.Response) -> dict[str, Any]:
        assert answer.is_success, f"{answer.status_code}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found


def second_of_noise() -> bytes:
    """A recording that there was never before: WAV, 16 kHz, mono."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(os.urandom(32_000))
    return buffer.getvalue()
