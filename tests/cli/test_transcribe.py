"""`playhead transcribe`, against a scripted server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.access import Access, find_access
from cli.recordings import recordings
from cli.transcribe import _run
from cli.transcription import Order
from playhead.settings import Settings
from tests.cli.conftest import Run
from tests.cli.server import JOB_ID, Answer, Asked, Server, as_json, job, problem


def test_one_transcript_is_printed_and_nothing_else(run: Run, server: Server, recording: Path) -> None:
    server.transcribes(b"Hello there.")
    result = run("transcribe", str(recording))
    assert result.exit_code == 0
    assert result.stdout == "Hello there.\n"
    assert "talk: transcribing, 50%" in result.stderr


def test_the_options_become_the_job(run: Run, server: Server, recording: Path) -> None:
    server.transcribes(srt=b"1\n00:00:00,000 --> 00:00:01,000\nHallo.\n")
    options = ["--language", "de", "--task", "translate", "--model", "base", "--no-word-timestamps", "--format", "srt"]
    result = run("transcribe", str(recording), *options)
    assert result.stdout.startswith("1\n00:00:00,000")
    (asked,) = server.of("POST /api/v1/jobs")
    assert asked.json == {
        "kind": "transcribe",
        "input": {"file": "file-1"},
        "params": {"language": "de", "task": "translate", "model": "base", "word_timestamps": False},
        "metadata": {"recording": "talk.mp3"},
    }


def test_what_was_not_asked_for_is_left_to_the_server(run: Run, server: Server, recording: Path) -> None:
    server.transcribes()
    run("transcribe", str(recording))
    assert server.of("POST /api/v1/jobs")[0].json["params"] == {"task": "transcribe"}


def test_several_transcripts_become_files_with_names_of_their_own(run: Run, server: Server, tmp_path: Path) -> None:
    server.transcribes(b"Hello.", srt=b"1\n")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "talk.mp3").write_bytes(b"sound")
    where = tmp_path / "out"
    sources = [str(tmp_path / folder / "talk.mp3") for folder in ("a", "b")]
    # Each job ends at once: one follower uses up the answer of the other.
    server.on(f"GET /api/v1/jobs/{JOB_ID}", as_json(job("succeeded")))
    result = run("transcribe", *sources, "-f", "txt", "-f", "srt", "--output", str(where))
    assert result.exit_code == 0
    assert result.stdout == ""
    assert sorted(path.name for path in where.iterdir()) == ["talk-2.srt", "talk-2.txt", "talk.srt", "talk.txt"]
    keys = {one.headers["Idempotency-Key"] for one in server.of("POST /api/v1/jobs")}
    assert len(keys) == 2


def test_a_url_is_fetched_by_the_server(run: Run, server: Server) -> None:
    server.transcribes()
    assert run("transcribe", "https://example.org/episode.mp3?x=1").exit_code == 0
    assert server.of("POST /api/v1/jobs")[0].json["input"] == {"url": "https://example.org/episode.mp3?x=1"}
    assert server.of("POST /api/v1/files") == []


def test_a_run_of_its_own_may_be_asked_for(run: Run, server: Server) -> None:
    server.transcribes()
    for wish in ([], ["--no-cache"]):
        assert run("transcribe", "https://example.org/episode.mp3", *wish).exit_code == 0
    assert [asked.query for asked in server.of("POST /api/v1/jobs")] == [{}, {"cache": "false"}]


def test_one_that_fails_keeps_no_other_from_its_end(run: Run, server: Server, tmp_path: Path) -> None:
    server.transcribes(b"Hello.")
    for name in ("good.mp3", "bad.mp3"):
        (tmp_path / name).write_bytes(name.encode())
    other = JOB_ID[:-1] + "2"

    def submitted(asked: Asked) -> Answer:
        bad = asked.json["metadata"]["recording"] == "bad.mp3"
        return as_json(job("queued", **({"id": other} if bad else {})), 202)

    server.on("POST /api/v1/jobs", submitted)
    broken = {"code": "media_unreadable", "message": "no decoder knows this", "attempt": 1}
    server.on(f"GET /api/v1/jobs/{other}", as_json(job("failed", id=other, error=broken)))
    result = run("transcribe", str(tmp_path / "bad.mp3"), str(tmp_path / "good.mp3"), "-o", str(tmp_path))
    assert result.exit_code == 1
    assert f"Error: {tmp_path / 'bad.mp3'}: media_unreadable: no decoder knows this" in result.stderr
    assert f"playhead jobs show {other}" in result.stderr
    assert (tmp_path / "good.txt").read_text() == "Hello."


@pytest.mark.parametrize("name", ["absent.mp3", "."])
def test_what_is_no_file_is_said_before_anything_is_sent(run: Run, server: Server, tmp_path: Path, name: str) -> None:
    result = run("transcribe", str(tmp_path / name))
    assert result.exit_code == 1
    assert "file" in result.stderr
    assert server.asked == []


def test_a_refused_upload_is_one_line(run: Run, server: Server, recording: Path) -> None:
    server.on("POST /api/v1/files", problem(413, "too_large", "at most 10 bytes"))
    result = run("transcribe", str(recording))
    assert result.exit_code == 1
    assert "at most 10 bytes" in result.stderr


def test_a_named_server_that_is_away_is_not_replaced(
    run: Run, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLAYHEAD_URL", "http://127.0.0.1:9")
    result = run("transcribe", str(recording))
    assert result.exit_code == 1
    assert "No server answers at http://127.0.0.1:9" in result.stderr


async def test_ctrl_c_leaves_the_job_and_says_how_to_find_it(server: Server, recording: Path) -> None:
    server.transcribes()
    streaming = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stream(_: Asked) -> Answer:
        loop.call_soon_threadsafe(streaming.set)
        return Answer(body=b": nothing yet\n\n", cut=True)

    server.on(f"GET /api/v1/jobs/{JOB_ID}", as_json(job("running")))
    server.on(f"GET /api/v1/jobs/{JOB_ID}/events", stream)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "transcribe", str(recording)), stderr=asyncio.subprocess.PIPE
    )
    try:
        await asyncio.wait_for(streaming.wait(), 30)
        process.send_signal(signal.SIGINT)
        _, said = await asyncio.wait_for(process.communicate(), 30)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 130
    assert f"playhead jobs watch {JOB_ID}" in said.decode()
    assert f"playhead jobs cancel {JOB_ID}" in said.decode()
    assert "Traceback" not in said.decode()
    assert server.of(f"POST /api/v1/jobs/{JOB_ID}/cancel") == []


async def test_ctrl_c_cancels_on_a_server_of_our_own(
    server: Server, recording: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextlib.asynccontextmanager
    async def ours() -> AsyncIterator[tuple[Access, bool]]:
        yield find_access(Settings()), True

    monkeypatch.setattr("cli.serving.server", ours)
    server.transcribes()
    streaming, loop = asyncio.Event(), asyncio.get_running_loop()

    def stream(_: Asked) -> Answer:
        loop.call_soon_threadsafe(streaming.set)
        return Answer(body=b": nothing yet\n\n", cut=True)

    server.on(f"GET /api/v1/jobs/{JOB_ID}", as_json(job("running")))
    server.on(f"GET /api/v1/jobs/{JOB_ID}/events", stream)
    server.on(f"POST /api/v1/jobs/{JOB_ID}/cancel", as_json(job("canceled")))
    work = asyncio.create_task(_run(recordings([str(recording)]), Order(["txt"], None, {}), []))
    await asyncio.wait_for(streaming.wait(), 30)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert len(server.of(f"POST /api/v1/jobs/{JOB_ID}/cancel")) == 1
    assert "Canceled" in capsys.readouterr().err


def test_json_stays_json(run: Run, server: Server, recording: Path) -> None:
    server.transcribes(json=json.dumps({"text": "Hello"}).encode())
    assert json.loads(run("transcribe", str(recording), "-f", "json").stdout) == {"text": "Hello"}


def test_a_pipe_gets_the_bytes_as_they_are(server: Server, recording: Path) -> None:
    server.transcribes("Grüße\n".encode())
    command = [sys.executable, "-m", "cli.main", "transcribe", str(recording)]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == "Grüße\n".encode()
