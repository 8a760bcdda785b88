from pathlib import Path

import pytest
from pydantic_settings import SettingsError

from playhead.settings import Settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PLAYHEAD_DATABASE_URL", "PLAYHEAD_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PLAYHEAD_SECRETS_DIR", str(tmp_path))
    return tmp_path


def test_settings_come_from_files_named_as_their_variables(folder: Path) -> None:
    (folder / "playhead_database_url").write_text("postgresql://playhead@db/playhead\n")
    (folder / "playhead_speech__model").write_text("tiny.en")
    settings = Settings()
    assert settings.database_url == "postgresql://playhead@db/playhead"
    assert settings.speech.model == "tiny.en"
    assert settings.secrets_dir == folder


def test_the_environment_wins_over_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "playhead_admin_key").write_text("of the file")
    monkeypatch.setenv("PLAYHEAD_ADMIN_KEY", "of the environment")
    admin_key = Settings().admin_key
    assert admin_key is not None
    assert admin_key.get_secret_value() == "of the environment"


def test_other_files_in_the_folder_mean_nothing(folder: Path) -> None:
    (folder / "postgres_password").write_text("not ours")
    assert Settings().database_url is None


def test_a_folder_that_is_not_there_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_SECRETS_DIR", str(folder / "missing"))
    with pytest.raises(SettingsError, match="missing"):
        Settings()
