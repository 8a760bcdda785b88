"""The server that the client commands would talk to, and its workers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from cli.access import Access, find_access
from cli.checks.check import Check, broken, doubtful, fine, note
from playhead.settings import Settings

PATIENCE_SECONDS = 5.0


def check_service(settings: Settings) -> Iterator[Check]:
    """Reached, ready, let in, and with someone to do the work."""
    access = find_access(settings)
    headers = {"Authorization": f"Bearer {access.key}"} if access.key else {}
    with httpx.Client(base_url=access.url, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        try:
            ready = client.get("/readyz")
        except httpx.HTTPError as error:
            yield _absent(access, error)
            return
        if not ready.is_success:
            yield broken("API", f"{access.url} is not ready: {ready.text[:200]}", "Look at its database and its log.")
            return
        yield fine("API", f"ready at {access.url}")
        wakes = _wakes(client)
        yield _check_workers(client, may_sleep=bool(wakes))
        yield from _check_wakes(wakes)
        yield from _check_quarantine(client)


def _absent(access: Access, error: httpx.HTTPError) -> Check:
    finding = f"no answer at {access.url} ({str(error) or type(error).__name__})"
    if access.chosen:
        return broken("API", finding, "Check PLAYHEAD_URL, or start the server there.")
    return note("API", finding, "Run `playhead up`.")


def _check_workers(client: httpx.Client, *, may_sleep: bool) -> Check:
    try:
        answer = client.get("/api/v1/workers")
    except httpx.HTTPError as error:
        return broken("workers", f"the API does not tell ({str(error) or type(error).__name__})", "Look at its log.")
    if answer.status_code in {401, 403}:
        return broken("workers", "the API does not know the key", "Set PLAYHEAD_API_KEY (`playhead keys create NAME`).")
    if not answer.is_success:
        return broken("workers", f"the API answers {answer.status_code}", "Look at its log.")
    workers: list[dict[str, Any]] = _items(answer.json())
    if not workers and may_sleep:
        return fine("workers", "none is alive: the first job wakes one")
    if not workers:
        return doubtful("workers", "none is alive: jobs wait", "Start `playhead worker`, or `playhead up`.")
    return fine("workers", ", ".join(f"{worker.get('name')} on {worker.get('device')}" for worker in workers))


def _wakes(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """What the API tells of the hook that wakes workers, by queue; nothing where it has none, or does not tell."""
    try:
        answer = client.get("/api/v1/queues")
        queues = _items(answer.json()) if answer.is_success else []
    except (httpx.HTTPError, ValueError):
        return {}
    return {str(queue.get("name")): queue["wake"] for queue in queues if isinstance(queue.get("wake"), dict)}


def _check_wakes(wakes: dict[str, dict[str, Any]]) -> Iterator[Check]:
    for name, wake in wakes.items():
        if error := wake.get("error"):
            remedy = "Look at what the hook does, and at the API's log; it is called again by itself."
            yield doubtful(f"waking: {name}", f"the last call, at {wake.get('called_at')}, failed: {error}", remedy)


def _check_quarantine(client: httpx.Client) -> Iterator[Check]:
    """Nothing is said where nothing is there, or where the key is not that of an operator."""
    try:
        answer = client.get("/api/v1/quarantine")
        total = answer.json()["total"] if answer.is_success else 0
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return
    if total:
        yield doubtful(
            "quarantine", f"inputs that killed engines and are refused: {total}", "Look: `playhead quarantine list`."
        )


def _items(body: Any) -> list[dict[str, Any]]:
    found = body.get("items", []) if isinstance(body, dict) else body
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
