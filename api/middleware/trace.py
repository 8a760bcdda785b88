from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import of_bug
from api.problems import respond
from api.tracing import name_request, trace_id

log = structlog.get_logger(__name__)


class Trace:
    """The outermost layer: names the request, on the answer and on every line of the log, and answers for bugs."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        name = name_request(scope)
        answer = _Answer(send, name)
        with structlog.contextvars.bound_contextvars(request_id=name, trace_id=trace_id(scope)):
            try:
                await self.app(scope, receive, answer.send)
            except Exception:
                if answer.started:  # Only cutting the connection can now tell the client.
                    raise
                log.exception("request_failed", method=scope["method"], path=scope["path"])
                await respond(of_bug(), name)(scope, receive, answer.send)


class _Answer:
    def __init__(self, send: Send, name: str) -> None:
        self._send = send
        self._name = name
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            MutableHeaders(scope=message)["X-Request-ID"] = self._name
        await self._send(message)
