"""DeepL: does it take the key, and what is left of the characters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.checks.check import Check, doubtful, fine, note
from cli.checks.model_server import Answer, get, is_sendable
from cli.checks.server import Server
from playhead.settings import DeepLSettings, Settings

NAME = "DeepL"
FREE, PAID = "https://api-free.deepl.com", "https://api.deepl.com"
USED_UP = 456
"""DeepL's own status of HTTP for an account without characters."""


def check_translation(settings: Settings) -> Iterator[Check]:
    """Whether `translate` would have it."""
    deepl = settings.deepl
    if deepl.api_key is None:
        yield note(NAME, "no key: translate asks the language model", "To have it: set PLAYHEAD_DEEPL__API_KEY.")
        return
    server = Server(NAME, _address(deepl), "PLAYHEAD_DEEPL__SERVER_URL", "PLAYHEAD_DEEPL__API_KEY", "usage")
    if not is_sendable(deepl.api_key):
        yield server.unsendable_key()
        return
    answer = get(f"{server.url.rstrip('/')}/v2/usage", f"DeepL-Auth-Key {deepl.api_key.get_secret_value()}")
    yield _check_usage(server, answer)


def _address(deepl: DeepLSettings) -> str:
    # As DeepL's own client: the keys of free accounts end so.
    key = deepl.api_key.get_secret_value() if deepl.api_key else ""
    return deepl.server_url or (FREE if key.endswith(":fx") else PAID)


def _check_usage(server: Server, answer: Answer) -> Check:
    if answer.status == USED_UP:
        return _used_up("the characters of this account are used up")
    if fault := server.fault(answer):
        return fault
    usage: dict[str, Any] = answer.body if isinstance(answer.body, dict) else {}
    used, limit = usage.get("character_count"), usage.get("character_limit")
    if not isinstance(used, int) or not isinstance(limit, int):
        return doubtful(NAME, f"{server.shown} does not answer like DeepL", "Check PLAYHEAD_DEEPL__SERVER_URL.")
    told = f"{used:,} of {limit:,} characters of this period are used"
    return fine(NAME, f"{server.shown}: {told}") if used < limit else _used_up(told)


def _used_up(finding: str) -> Check:
    return doubtful(NAME, finding, "Until the next period: a larger account, or PLAYHEAD_DEEPL__API_KEY unset.")
