"""A hook that could not be called is found out at the start."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from playhead.settings import Settings


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"URL": "http://a/wake", "COMMAND": "true"}, "URL and COMMAND are both set"),
        ({"URL": "ftp://a/wake"}, "should match pattern"),
        ({"URL": "http://a/wake", "TOKEN": "open\nsesame"}, "characters that no token has"),
        ({"COMMAND": "true", "QUEUES": '["gpus"]'}, "'gpu', 'llm', 'cpu' or 'io'"),
        ({"COMMAND": "true", "QUEUES": "[]"}, "at least 1 item"),
        ({"COMMAND": "true", "EVERY_SECONDS": "0"}, "greater than 0"),
    ],
)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], told: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"PLAYHEAD_WAKE__{name}", value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    (message,) = [error["msg"] for error in refused.value.errors()]
    assert told in message
    assert "sesame" not in message
