from __future__ import annotations

from typing import Any

import pytest

from playhead.settings import Settings


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compose file passes what `.env` leaves out as an empty string."""
    monkeypatch.setenv("PLAYHEAD_ADMIN_KEY", "")
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", "")
    monkeypatch.setenv("PLAYHEAD_SPEECH__MODEL", "")
    settings = Settings()
    assert (settings.admin_key, settings.database_url, settings.speech.model) == (None, None, "small")


@pytest.mark.parametrize("blank", [" ", "\n", " \t\n"])
def test_a_blank_key_is_one_that_is_not_set(blank: str) -> None:
    """A secret's file may hold a line end and nothing else: no key that anybody could send."""
    of_a_server: Any = {"api_key": blank}
    settings = Settings(admin_key=blank, llm=of_a_server, deepl=of_a_server, speaker=of_a_server)

    assert settings.admin_key is None
    assert (settings.llm.api_key, settings.deepl.api_key, settings.speaker.api_key) == (None, None, None)
