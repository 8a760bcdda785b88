"""The command line as a whole."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.conftest import Run

HEAVY = ("asyncio", "httpx", "pydantic", "rich", "sqlalchemy", "fastapi", "faster_whisper", "ctranslate2", "structlog")


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    done = python("-X", "importtime", "-m", "cli.main", "--help")
    assert done.returncode == 0
    for command in ("up", "api", "worker", "migrate", "transcribe", "jobs", "keys", "owners", "quarantine", "doctor"):
        assert f"\n  {command} " in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "cli.main" in loaded or "typer" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize(
    "command",
    ["up", "api", "worker", "migrate", "transcribe", "doctor", "jobs", "keys", "owners", "quarantine"]
    + [f"jobs {name}" for name in ("list", "show", "watch", "cancel", "retry")]
    + [f"keys {name}" for name in ("create", "list", "revoke")]
    + [f"owners {name}" for name in ("list", "tier")]
    + [f"quarantine {name}" for name in ("list", "lift")],
)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert "\\" not in result.stdout, "an escape that was meant for the help's layout"


def test_no_server_is_one_line_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "jobs", "list"],
        capture_output=True,
        text=True,
        check=False,
        env={"PLAYHEAD_URL": "http://127.0.0.1:9", "PATH": ""},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: No server answers at http://127.0.0.1:9")
    assert "playhead up" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_call_exits_with_2(run: Run) -> None:
    assert run("transcribe", "talk.mp3", "--format", "docx").exit_code == 2
    assert run("jobs", "destroy").exit_code == 2


def test_a_setting_that_cannot_be_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_SPEECH__DEVICE", "gpu")
    result = run("jobs", "list")
    assert result.exit_code == 2
    assert "PLAYHEAD_SPEECH__DEVICE: Input should be 'auto', 'cpu' or 'cuda'" in result.stderr


def test_a_list_that_is_no_json_says_how_to_write_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYHEAD_WORKER__QUEUES", "gpu,cpu")
    result = run("jobs", "list")
    assert result.exit_code == 2
    assert 'Lists are written as ["gpu", "cpu"]' in result.stderr


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("playhead 0.")
