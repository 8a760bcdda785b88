"""A server with OpenAI's ``/audio/speech``, which does what it is told."""

from __future__ import annotations

import io
import json
import math
import struct
import threading
import wave
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

RATE = 24_000


def speech(text: str, *, channels: int = 1, rate: int = RATE) -> bytes:
    """A real WAV file: a tone, a twentieth of a second for each character."""
    samples = array("h")
    for one in range(round(len(text) * 0.05 * rate)):
        samples.extend([round(8000 * math.sin(2 * math.pi * 300 * one / rate)), *[0] * (channels - 1)])
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", "not compressed"))
        file.writeframes(samples.tobytes())
    return content.getvalue()


def endless(content: bytes) -> bytes:
    """The same, as a server writes it that does not know yet how long it will be."""
    return content[:4] + struct.pack("<I", 0xFFFFFFFF) + content[8:40] + struct.pack("<I", 0xFFFFFFFF) + content[44:]


def at_rate(rate: int) -> bytes:
    """A WAV file whose header says that it has so many samples a second."""
    return (content := speech("Hm"))[:24] + struct.pack("<I", rate) + content[28:]


@dataclass
class Script:
    """What the server is asked, and what it answers: the next of ``answers``, or else speech."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    silent: threading.Event | None = None
    reached: threading.Event = field(default_factory=threading.Event)
    base_url: str = ""


@contextmanager
def serving() -> Iterator[Script]:
    """A server on a loopback address."""
    script = Script()

    class Handler(_Handler):
        told: ClassVar[Script] = script

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    script.base_url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script
    finally:
        if script.silent:
            script.silent.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    if body["voice"] == "nobody":
        return 400, {}, b'{"error": "no such voice"}'
    return 200, {}, speech(body["input"][:: round(body.get("speed", 1))])


class _Handler(BaseHTTPRequestHandler):
    told: ClassVar[Script]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.told.asked.append(body | {"path": self.path})
        self.told.keys.append(self.headers.get("Authorization"))
        self.told.reached.set()
        if self.told.silent:
            self.told.silent.wait(60)
        status, headers, content = self.told.answers.pop(0) if self.told.answers else _answer(body)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nobody wants to know."""
