"""What a request is called: its id, and the trace that it belongs to."""

from __future__ import annotations

import re
import uuid

from starlette.datastructures import Headers
from starlette.types import Scope

_SANE = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


def name_request(scope: Scope) -> str:
    """Give the request its id: the client's, if it is one that a log can hold, else a new one."""
    headers = Headers(scope=scope)
    given = headers.get("x-request-id", "")
    made = given if _SANE.fullmatch(given) else uuid.uuid4().hex
    state = scope.setdefault("state", {})
    state["request_id"] = made
    state["trace_id"] = _trace_id(headers.get("traceparent", "")) or made
    return made


def request_id(scope: Scope) -> str:
    """The id of the request."""
    return str(scope["state"]["request_id"])


def trace_id(scope: Scope) -> str:
    """The trace that jobs of this request belong to: that of the W3C ``traceparent``, else the request's id."""
    return str(scope["state"]["trace_id"])


def route_of(scope: Scope) -> str:
    """The template of the path, e.g. ``/api/v1/jobs/{job_id}``; empty where no route matched."""
    return str(getattr(scope.get("route"), "path_format", ""))


def _trace_id(traceparent: str) -> str | None:
    found = _TRACEPARENT.fullmatch(traceparent)
    # All zeros is "none" by the specification.
    return found[1] if found and found[1].strip("0") else None
