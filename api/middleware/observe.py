from __future__ import annotations

import time

import structlog
from prometheus_client import CollectorRegistry, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.tracing import route_of

log = structlog.get_logger("api.access")

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines: told at DEBUG."""

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Requests:
    """What is counted of requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        told = "Time from a request to the end of its answer; waiting and streaming included"
        labels = ("method", "route", "status")
        self.seconds = Histogram("playhead_http_request_seconds", told, labels, buckets=_BUCKETS, registry=registry)


class Observe:
    """Counts and logs each request once it is answered."""

    def __init__(self, app: ASGIApp, requests: Requests) -> None:
        self.app = app
        self.requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, began = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The template, not the path, and no method of the client's invention: labels must not grow without bound.
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.requests.seconds.labels(method, route or "unmatched", str(status)).observe(seconds)
        tell = log.debug if scope["path"] in QUIET else log.info
        tell("request", method=scope["method"], path=scope["path"], status=status, ms=round(seconds * 1000, 1))
