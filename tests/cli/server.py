"""A small scripted server that speaks Playhead's HTTP: what it is asked is kept, what it answers can be set."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

JOB_ID = "01990000-0000-7000-8000-000000000001"
KEY = "ph_test"


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Answer:
    """One answer. ``cut`` sends the body and then breaks the connection instead of ending it well."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


def as_json(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def problem(status: int, code: str, detail: str, **more: str) -> Answer:
    return as_json(
        {"type": "about:blank", "status": status, "code": code, "title": code, "detail": detail, **more}, status
    )


def job(state: str, **more: Any) -> dict[str, Any]:
    """A job as the API shows it."""
    shown = {"id": JOB_ID, "kind": "transcribe", "state": state, "progress": 0.0, "attempt": 1, "max_attempts": 3}
    return {**shown, "created_at": "2026-01-02T03:04:05Z", **more}


def events(*told: tuple[str, str, dict[str, Any]]) -> bytes:
    """Server-Sent Events from (id, event, data)."""
    return b"".join(f"id: {key}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode() for key, name, data in told)


class Server:
    """Answers by path: a list is used up one by one, its last answer for ever. A path without answers gives 404."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, list[Answer | Callable[[Asked], Answer]]] = {"GET /healthz": [as_json({})]}
        self._turn = threading.Lock()

    def on(self, what: str, *answers: Answer | Callable[[Asked], Answer]) -> None:
        """Answer ``what``, e.g. ``GET /healthz``, so."""
        self.answers[what] = list(answers)

    def of(self, what: str) -> list[Asked]:
        """The requests of ``what`` so far."""
        return [one for one in self.asked if f"{one.method} {one.path}" == what]

    def answer(self, asked: Asked) -> Answer:
        with self._turn:
            self.asked.append(asked)
            left = self.answers.get(
                f"{asked.method} {asked.path}", [problem(404, "not_found", "there is no such thing")]
            )
            chosen = left.pop(0) if len(left) > 1 else left[0]
        return chosen(asked) if callable(chosen) else chosen

    def transcribes(self, transcript: bytes = b"Hello there.", **outputs: bytes) -> None:
        """Take any recording, and have its transcript at once."""
        self.on("POST /api/v1/files", as_json({"id": "file-1", "size_bytes": 4, "duration_seconds": 1.0}, 201))
        self.on("POST /api/v1/jobs", as_json(job("queued"), 202))
        self.on(f"GET /api/v1/jobs/{JOB_ID}", as_json(job("running")), as_json(job("succeeded", progress=1.0)))
        told = (("1", "state", {"state": "running"}), ("", "progress", {"progress": 0.5, "stage": "transcribing"}))
        self.on(f"GET /api/v1/jobs/{JOB_ID}/events", Answer(body=events(*told, ("2", "state", {"state": "succeeded"}))))
        for kind, content in {"txt": transcript, **outputs}.items():
            self.on(f"GET /api/v1/jobs/{JOB_ID}/outputs/transcript.{kind}", Answer(body=content))


@contextmanager
def running(server: Server) -> Iterator[str]:
    """Serve on a free port; the URL."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            answer = server.answer(Asked(self.command, parts.path, query, self.headers, body))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815 - their names there

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()
