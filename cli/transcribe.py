"""`playhead transcribe`: recordings in, transcripts out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli.failure import FAILED, INTERRUPTED, warn

if TYPE_CHECKING:
    from cli.recordings import Recording
    from cli.transcription import Order, Transcription


class Format(StrEnum):
    """How a transcript is written."""

    TXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"
    TSV = "tsv"


def transcribe(  # noqa: PLR0913 - an option each
    recordings: Annotated[
        list[str], typer.Argument(metavar="FILE|URL...", help="Audio or video files, or http(s) addresses.")
    ],
    formats: Annotated[
        list[Format] | None,
        typer.Option("--format", "-f", help="How to write it; may be given several times. Default: txt."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="DIR", help="Folder for the transcripts: talk.mp3 gives DIR/talk.txt."),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", "-l", help="Language spoken, e.g. `en`. Default: found out.")
    ] = None,
    task: Annotated[
        Literal["transcribe", "translate"], typer.Option(help="`translate` writes English, whatever is spoken.")
    ] = "transcribe",
    model: Annotated[str | None, typer.Option(help="Whisper model: a name or a folder. Default: the server's.")] = None,
    *,
    word_timestamps: Annotated[
        bool | None,
        typer.Option("--word-timestamps/--no-word-timestamps", help="Time every word. Default: the server's."),
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache/--no-cache", help="Take what the same recording gave before, if it was done so.")
    ] = True,
) -> None:
    """Transcribe recordings.

    One transcript is printed; several, or several formats, become files in --output or else the current folder.
    Progress goes to stderr. Without a server at PLAYHEAD_URL one is started here, and ended afterwards.

    For example:

    playhead transcribe talk.mp3

    playhead transcribe lecture.mp4 --format srt --output subtitles

    playhead transcribe https://example.org/a.mp3 -l de -f json -f vtt
    """
    from cli import recordings as given
    from cli.transcription import Order

    found = given.recordings(recordings)
    kinds = [str(kind) for kind in formats or [Format.TXT]]
    alone = len(found) == 1 and len(kinds) == 1
    folder = output or (None if alone else Path())
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
    wishes = {"language": language, "task": task, "model": model, "word_timestamps": word_timestamps}
    params = {name: wish for name, wish in wishes.items() if wish is not None}
    _report(_transcribe(found, Order(kinds, folder, params, cache=cache)))


def _transcribe(found: list[Recording], order: Order) -> Transcription:
    import asyncio

    work: list[Transcription] = []
    try:
        return asyncio.run(_run(found, order, work))
    except KeyboardInterrupt:
        for job_id, name in work[0].running.items() if work else ():
            warn(f"{name} goes on without you: `playhead jobs watch {job_id}`, or `playhead jobs cancel {job_id}`")
        raise typer.Exit(INTERRUPTED) from None


async def _run(found: list[Recording], order: Order, work: list[Transcription]) -> Transcription:
    import asyncio

    from cli.board import make_board
    from cli.client import Client
    from cli.serving import server
    from cli.transcription import Transcription

    async with server() as (access, ours), Client(access) as client:
        with make_board() as board:
            transcription = Transcription(client, board, order)
            work.append(transcription)
            try:
                await transcription.run(found)
            except asyncio.CancelledError:
                if ours:
                    await transcription.cancel()
                    warn("Canceled: the server that was started for this ends with it.")
                raise
    return transcription


def _report(transcription: Transcription) -> None:
    for path in transcription.written:
        warn(f"Wrote {path}")
    for failure in transcription.failures:
        warn(f"Error: {failure}")
    if transcription.failures:
        raise typer.Exit(FAILED)
