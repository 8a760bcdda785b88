"""A server of our own: real processes, stub engines."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from cli.failure import CommandError
from cli.serving import own_server
from tests.cli.conftest import Run

ENDING_SECONDS = 60


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Not tmp_path: pytest closes that to other users, and as root PostgreSQL runs as another one."""
    folder = Path(tempfile.mkdtemp(prefix="playhead-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def stub(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> None:
    monkeypatch.setenv("PLAYHEAD_ENGINES", "stub")
    monkeypatch.setenv("PLAYHEAD_DATA_DIR", str(data_dir))


@pytest.fixture
def talk(tmp_path: Path) -> Path:
    path = tmp_path / "talk.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(bytes(2 * 16_000))
    return path


def working_on(folder: Path) -> list[psutil.Process]:
    """The processes whose command line names ``folder``: the server, its parts, PostgreSQL."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if str(folder) in " ".join(process.cmdline()):
                found.append(process)
    return found


def test_transcribe_without_a_server_brings_one_and_leaves_nothing(
    run: Run, data_dir: Path, talk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whatever listens on the default port of this machine is not ours to talk to.
    monkeypatch.setattr("cli.access.DEFAULT_URL", "http://127.0.0.1:9")
    result = run("transcribe", str(talk), "--format", "srt")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1\n00:00:00,000 --> ")
    assert "starting one for this command" in result.stderr
    assert working_on(data_dir) == []


KILLED = """
import asyncio, sys
from pathlib import Path
from cli.serving import own_server

async def main() -> None:
    async with own_server(Path(sys.argv[1]), Path(sys.argv[1]) / "log") as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.heavy
def test_a_server_of_our_own_ends_even_if_we_are_killed(data_dir: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(data_dir)], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout
        url = caller.stdout.readline().strip()
        assert httpx.get(f"{url}/readyz", trust_env=False).is_success
        parts = working_on(data_dir)
        caller.kill()
    _, alive = psutil.wait_procs(parts, timeout=ENDING_SECONDS)
    assert alive == []
    assert working_on(data_dir) == []


async def test_one_that_cannot_start_says_why(data_dir: Path) -> None:
    environment = {**os.environ, "PLAYHEAD_SPEECH__DEVICE": "gpu"}
    with pytest.raises(CommandError, match="PLAYHEAD_SPEECH__DEVICE"):
        async with own_server(data_dir, data_dir / "log", environment):
            pytest.fail("it is not up")
    assert working_on(data_dir) == []
