"""`playhead quarantine`: inputs that killed engines, and are tried no more."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.asking import ask
from cli.failure import USAGE, CommandError, Commands
from cli.options import AsJson, print_json

app = typer.Typer(
    name="quarantine",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List inputs that killed engines, and let them be tried again. Talks to PLAYHEAD_URL with an admin key.",
)


@app.command("list")
def list_inputs(
    kind: Annotated[str | None, typer.Option(help="Only of this kind of job, e.g. `transcribe`.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
    *,
    as_json: AsJson = False,
) -> None:
    """List what is in quarantine, the latest first, with the jobs in which it killed engines."""
    from cli import listing

    found = ask(lambda client: client.quarantine(kind=kind, limit=limit))
    if as_json:
        print_json(found)
    elif found.items:
        listing.show_quarantine(found)
    else:
        typer.echo("Nothing is in quarantine.")


@app.command()
def lift(
    kind: Annotated[str | None, typer.Argument(help="Kind of the jobs, e.g. `transcribe`.")] = None,
    sha256: Annotated[str | None, typer.Argument(help="SHA-256 of the input, as the list has it.")] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Lift all there are, or all of KIND: once a broken engine is mended.")
    ] = False,
) -> None:
    """Let an input be tried again; jobs that it ended can be retried then.

    Example: playhead quarantine lift --all
    """
    if everything == (sha256 is not None) or (kind is None and not everything):
        message = "Say which input: `playhead quarantine lift KIND SHA256`, or `--all`."
        raise CommandError(message, exit_code=USAGE)
    if kind is not None and sha256 is not None:
        one = (kind, sha256)
        ask(lambda client: client.lift(*one))
        typer.echo(f"Lifted {kind} {sha256}.")
    else:
        typer.echo(f"Lifted {ask(lambda client: client.lift_all(kind)).lifted}.")
