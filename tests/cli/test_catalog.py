"""The settings as the environment names them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from cli.catalog import entries, masked, unknown
from cli.settings_page import page
from playhead.settings import Settings

ROOT = Path(__file__).parents[2]


def test_the_settings_page_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == "\n".join(page()) + "\n", "run `make docs`"


def test_every_setting_is_described_and_read_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {entry.name: entry for entry in entries()}
    assert all(entry.description and entry.type for entry in found.values())
    assert [found[f"PLAYHEAD_WORKER__{name}"].type for name in ("QUEUES", "KINDS")] == ["JSON list"] * 2
    monkeypatch.setenv("PLAYHEAD_SPEECH__MODEL", "tiny.en")
    assert found["PLAYHEAD_SPEECH__MODEL"].value(Settings()) == "tiny.en"
    assert found["PLAYHEAD_SPEECH__MODEL"].default == "small"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PLAYHEAD_DATABSE_URL", "PLAYHEAD_DATABASE_URL"),
        ("PLAYHEAD_SPEECH_MODEL", "PLAYHEAD_SPEECH__MODEL"),
        ("PLAYHEAD_APIKEY", "PLAYHEAD_API_KEY"),
        ("PLAYHEAD_ZZZZ", None),
    ],
)
def test_a_typing_error_gets_the_nearest_name(name: str, meant: str | None) -> None:
    assert list(unknown({name: "", "PATH": "", "PLAYHEAD_DATA_DIR": "", "PLAYHEAD_URL": ""})) == [(name, meant)]


def test_known_names_in_any_case_are_no_typing_errors() -> None:
    assert list(unknown({"playhead_data_dir": "", "PLAYHEAD_WORKER": "{}"})) == []


def test_no_secret_is_shown() -> None:
    settings = Settings(admin_key=SecretStr("ph_secret"), database_url="postgresql://me:hidden@db/name")
    shown = " ".join(entry.value(settings) for entry in entries())
    assert "ph_secret" not in shown
    assert "hidden" not in shown
    assert masked("postgresql://me:hidden@db/name") == "postgresql://me:********@db/name"
    assert masked("postgresql://me:p@ss@/name?host=/run") == "postgresql://me:********@/name?host=/run"
    assert masked("file:///tmp/data") == "file:///tmp/data"
