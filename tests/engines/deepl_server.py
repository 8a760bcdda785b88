"""DeepL's API as far as translations go, on loopback, with faults on demand."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-key:fx"
KNOWN = frozenset({"DE", "FR", "EN-US", "EN-GB", "ZH-HANT", "PT-PT", "NB", "ES", "JA"})


@dataclass
class DeepLServer:
    """Answers each text in capital letters; the next answers have the ``faults``: a status, `cut` or `short`."""

    url: str = ""
    faults: list[int | str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    said: str = "by order"
    hold: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


@contextmanager
def deepl_server() -> Iterator[DeepLServer]:
    state = DeepLServer()
    state.hold.set()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(body | {"path": self.path})
            state.arrived.release()
            state.hold.wait(60)
            fault = state.faults.pop(0) if state.faults else None
            if fault == "cut":
                self.close_connection = True
                return
            self._answer(*_answer(body, self.headers["Authorization"], fault, state.said))

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            written = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield state
    finally:
        state.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(body: dict[str, Any], key: str, fault: int | str | None, said: str) -> tuple[int, dict[str, Any]]:
    if key != f"DeepL-Auth-Key {KEY}":
        return 403, {"message": "Wrong endpoint or key"}
    if isinstance(fault, int):
        return fault, {"message": said}
    if body["target_lang"] not in KNOWN:
        return 400, {"message": "Value for 'target_lang' not supported."}
    texts = body["text"][:-1] if fault == "short" else body["text"]
    found = [{"detected_source_language": "EN", "text": text.upper(), "billed_characters": 1} for text in texts]
    return 200, {"translations": found}
