from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from playhead.settings import MailSettings, PodcastSettings, Settings, WebhookSettings


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
    delivering: Any = {"mail": {"password": blank}, "webhooks": {"secret": blank}}
    settings = Settings(admin_key=blank, llm=of_a_server, deepl=of_a_server, speaker=of_a_server, **delivering)

    assert settings.admin_key is None
    assert (settings.llm.api_key, settings.deepl.api_key, settings.speaker.api_key) == (None, None, None)
    assert (settings.mail.password, settings.webhooks.secret) == (None, None)


@pytest.mark.parametrize("secret", ["whsec_nonsense!", "whsec_c2hvcnQ=", "short"])
def test_a_secret_that_signs_nothing_is_refused_when_it_is_read(secret: str) -> None:
    with pytest.raises(ValidationError, match="base64"):
        WebhookSettings.model_validate({"secret": secret})


@pytest.mark.parametrize(
    "setting",
    [{"digest_cron": "at two"}, {"digest_cron": "0 2 30 2 *"}, {"expires_seconds": 1e9}, {"delivery_seconds": 1e9}],
)
def test_times_that_nothing_could_be_sent_by_are_refused_when_they_are_read(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(setting))):
        PodcastSettings.model_validate(setting)


@pytest.mark.parametrize("sender", ["nobody", "Ann <ann@example.com>, bob@example.com", "ann@example.com\nBcc: x@y.zz"])
def test_a_sender_that_is_no_address_is_refused_when_it_is_read(sender: str) -> None:
    with pytest.raises(ValidationError):
        MailSettings(sender=sender)
