"""What an answer that refuses means to a person."""

from __future__ import annotations

from typing import Any

import httpx

from cli.failure import CommandError

REMEDIES = {
    401: "Set PLAYHEAD_API_KEY to a key of that server (`playhead keys create NAME`).",
    403: "Take a key that may do this, see `playhead keys list`.",
}


def check(answer: httpx.Response) -> httpx.Response:
    """``answer`` itself.

    Raises:
        CommandError: it refuses; the message is the server's.
    """
    if answer.is_success:
        return answer
    raise refusal(answer)


def refusal(answer: httpx.Response) -> CommandError:
    """What ``answer`` says of why not."""
    problem = _problem(answer)
    said = str(problem.get("detail") or problem.get("title") or f"HTTP {answer.status_code} {answer.reason_phrase}")
    field = problem.get("field")
    if field and not said.startswith(field):
        said = f"{field}: {said}"
    return CommandError(f"The server refuses: {said}", remedy=REMEDIES.get(answer.status_code))


def retry_after_seconds(answer: httpx.Response) -> float | None:
    """When the server wants to be asked again; None where it does not say."""
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
