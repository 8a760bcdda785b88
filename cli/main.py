"""The entry point: `playhead`, or `python -m cli.main`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import (
    adventures,
    api,
    digest,
    doctor,
    feeds,
    jobs,
    keys,
    migrate,
    owners,
    quarantine,
    schedules,
    transcribe,
    up,
    worker,
)
from cli.failure import Commands

HELP = """
Playhead turns recordings into transcripts and subtitles on your own machine, and loses none of the work.

`playhead up` starts everything, `playhead transcribe talk.mp3` prints a transcript, `playhead doctor` says what is
wrong and what to do about it. Settings come from PLAYHEAD_* variables: see docs/settings.md.
"""

app = typer.Typer(
    name="playhead",
    cls=Commands,
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(no_args_is_help=True)(transcribe.transcribe)
app.add_typer(jobs.app)
app.add_typer(schedules.app)
app.add_typer(feeds.app)
app.add_typer(digest.app)
app.add_typer(adventures.app)
app.command()(up.up)
app.command()(doctor.doctor)
app.command()(api.api)
app.command()(worker.worker)
app.command()(migrate.migrate)
app.add_typer(keys.app)
app.add_typer(owners.app)
app.add_typer(quarantine.app)


def _version(wanted: bool) -> None:  # noqa: FBT001 - as Typer calls it
    if wanted:
        from playhead import __version__

        typer.echo(f"playhead {__version__}")
        raise typer.Exit


@app.callback()
def playhead(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """See `HELP`."""


def main() -> None:
    """Run the command that the arguments name, and exit."""
    app()


if __name__ == "__main__":
    main()
