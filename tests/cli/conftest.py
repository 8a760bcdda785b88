"""What the tests of the command line share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.cli.server import KEY, Server, running

Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting and no data of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("PLAYHEAD_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PLAYHEAD_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def run() -> Run:
    """Run a command in this process: ``run("jobs", "list")``. A defect is raised, not reported."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(app, list(arguments))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A scripted server that the commands talk to."""
    scripted = Server()
    with running(scripted) as url:
        monkeypatch.setenv("PLAYHEAD_URL", url)
        monkeypatch.setenv("PLAYHEAD_API_KEY", KEY)
        yield scripted


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A file to send. What is in it matters to the server alone."""
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"ID3 not really")
    return path
