"""Which server, and which key for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.access import DEFAULT_URL, find_access, find_key
from cli.failure import CommandError
from playhead.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "admin.key").write_text("ph_kept\n")
    return Settings(data_dir=tmp_path)


def test_the_default_server_gets_the_key_that_up_keeps(settings: Settings) -> None:
    access = find_access(settings)
    assert (access.url, access.key, access.chosen) == (DEFAULT_URL, "ph_kept", False)


@pytest.mark.parametrize("url", ["http://localhost:9000", "http://[::1]:9000", "https://127.0.0.2"])
def test_so_does_any_on_this_machine(settings: Settings, url: str) -> None:
    assert find_key(settings, url) == "ph_kept"


@pytest.mark.parametrize("url", ["https://example.org", "http://10.0.0.1:8000", "http://localhost.example.org"])
def test_the_kept_key_goes_to_no_other_machine(settings: Settings, url: str) -> None:
    assert find_key(settings, url) is None


def test_a_key_that_was_given_goes_first(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings.model_copy(update={"admin_key": SecretStr("ph_admin")})
    assert find_key(settings, "https://example.org") == "ph_admin"
    monkeypatch.setenv("PLAYHEAD_API_KEY", "ph_mine")
    assert find_key(settings, "https://example.org") == "ph_mine"


def test_an_address_without_a_scheme_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_URL", "example.org:8000")
    with pytest.raises(CommandError, match="PLAYHEAD_URL"):
        find_access(settings)
