"""A publisher of podcasts on the loopback: each feed has one episode, which is the recording of the demo."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

HOST = "127.0.0.1"
FEED = """\
<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel>
<title>{feed}</title><link>http://example.com/</link><description>Read aloud.</description>
<item>
<title>{episode}</title><guid isPermaLink="false">{path}-1</guid><pubDate>{date}</pubDate>
<enclosure url="/{path}/1.opus" length="{length}" type="audio/ogg"/>
</item>
</channel></rss>
"""


@contextmanager
def publishing(recording: Path, feeds: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Publish feeds, by their paths: the title of each and of its episode. Gives the server's address."""
    audio = recording.read_bytes()
    answers: dict[str, tuple[str, bytes]] = {f"/{path}/1.opus": ("audio/ogg", audio) for path in feeds}
    for path, (feed, episode) in feeds.items():
        about = {"feed": escape(feed), "episode": escape(episode), "date": formatdate(usegmt=True)}
        text = FEED.format(**about, path=path, length=len(audio))
        answers[f"/{path}.xml"] = ("application/rss+xml", text.encode())
    with ThreadingHTTPServer((HOST, 0), _handler(answers)) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()
        thread.join()


def _handler(answers: Mapping[str, tuple[str, bytes]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, body = answers.get(self.path, ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the demo speaks."""

    return Handler
