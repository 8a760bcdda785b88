"""`playhead jobs`: what the server does, did and could not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.asking import ask
from cli.failure import FAILED, INTERRUPTED, Commands, warn
from cli.options import AsJson, print_json

if TYPE_CHECKING:
    from cli.client import Client
    from cli.views import JobView

JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]

app = typer.Typer(
    name="jobs",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List, watch, cancel and retry jobs. Talks to PLAYHEAD_URL.",
)


@app.command("list")
def list_jobs(
    state: Annotated[str | None, typer.Option(help="Only jobs in this state, e.g. `failed`.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only jobs of this kind, e.g. `transcribe`.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List jobs, the newest first.

    Example: playhead jobs list --state failed
    """
    from cli import listing

    page = ask(lambda client: client.jobs(state=state, kind=kind, limit=limit))
    if as_json:
        print_json(page)
    else:
        listing.show_jobs(page)


@app.command()
def show(job: JobId, *, as_json: AsJson = False) -> None:
    """Show one job: its state, its outputs, or why it failed."""
    from cli import listing

    found = ask(lambda client: client.job(job))
    if as_json:
        print_json(found)
    else:
        listing.show_job(found)


@app.command()
def watch(job: JobId) -> None:
    """Follow a job to its end. Exits with 1 unless it succeeds."""
    try:
        ended = ask(lambda client: _watch(client, job))
    except KeyboardInterrupt:
        warn(f"The job goes on: `playhead jobs watch {job}`, or `playhead jobs cancel {job}`")
        raise typer.Exit(INTERRUPTED) from None
    _tell(ended)
    if ended.state != "succeeded":
        raise typer.Exit(FAILED)


@app.command()
def cancel(job: JobId) -> None:
    """Cancel a job, running or not."""
    _tell(ask(lambda client: client.act(job, "cancel")))


@app.command()
def retry(job: JobId) -> None:
    """Run a job again that failed, was canceled or expired."""
    _tell(ask(lambda client: client.act(job, "retry")))


async def _watch(client: Client, job_id: str) -> JobView:
    from cli.board import make_board, show_news

    job = await client.job(job_id)
    with make_board() as board:
        return await client.follow(job_id, lambda news: show_news(board, job.label, news))


def _tell(job: JobView) -> None:
    typer.echo(f"{job.id} {job.state}")
    if job.error:
        warn(f"{job.error.code}: {job.error.message}")
