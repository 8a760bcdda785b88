from __future__ import annotations

import pytest

from playhead.settings import Settings


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compose file passes what `.env` leaves out as an empty string."""
    monkeypatch.setenv("PLAYHEAD_ADMIN_KEY", "")
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", "")
    monkeypatch.setenv("PLAYHEAD_SPEECH__MODEL", "")
    settings = Settings()
    assert (settings.admin_key, settings.database_url, settings.speech.model) == (None, None, "small")
