"""`playhead schedules`: work that is asked for again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asking import ask
from cli.failure import FAILED, USAGE, CommandError, Commands
from cli.options import AsJson, Limit, print_json

if TYPE_CHECKING:
    from cli.scheduled import ScheduleView

PATH = "/api/v1/schedules"

ScheduleId = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Id of the schedule.")]

app = typer.Typer(
    name="schedules",
    cls=Commands,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Ask for work again and again, at times of your choice. Talks to PLAYHEAD_URL.",
)


@app.command("list")
def list_schedules(limit: Limit = 50, *, as_json: AsJson = False) -> None:
    """List schedules, the newest first, with the time of their next run."""
    from cli.scheduled import SchedulePageView, show_schedules

    page = ask(lambda client: client.get(PATH, SchedulePageView, limit=limit))
    if page.items or as_json:
        print_json(page) if as_json else show_schedules(page)
    else:
        typer.echo("There are no schedules: `playhead schedules add --help`.")


@app.command()
def add(
    cron: Annotated[str, typer.Argument(help='Minute hour day month weekday, as in cron: "0 2 * * *".')],
    request: Annotated[
        typer.FileText, typer.Argument(help="File with the body of a job or of a batch, as JSON; `-` reads stdin.")
    ],
    timezone: Annotated[str, typer.Option(help="Time zone that the expression is meant in.")] = "UTC",
    name: Annotated[str | None, typer.Option(help="Yours to choose.")] = None,
) -> None:
    """Make a schedule. What would be refused now is refused.

    Example: playhead schedules add "0 2 * * *" nightly.json --timezone Europe/Berlin
    """
    from cli.scheduled import ScheduleView

    body = {"cron": cron, "timezone": timezone, "name": name, "request": _read(request)}
    _tell(ask(lambda client: client.post(PATH, ScheduleView, body, key=_new_key())))


@app.command()
def pause(schedule: ScheduleId) -> None:
    """Let no run come until it is resumed."""
    _act(schedule, "pause")


@app.command()
def resume(schedule: ScheduleId) -> None:
    """Go on with its next time."""
    _act(schedule, "resume")


@app.command()
def run(schedule: ScheduleId) -> None:
    """Ask for its work now, beside its times. Exits with 1 if it is refused."""
    from cli.scheduled import RunView

    made = ask(lambda client: client.post(f"{PATH}/{schedule}/run", RunView, key=_new_key()))
    if made.error:
        raise CommandError(f"{made.error.code}: {made.error.message}", exit_code=FAILED)
    typer.echo(f"job {made.job_id}" if made.job_id else f"batch {made.batch_id}")


@app.command()
def runs(schedule: ScheduleId, limit: Limit = 20, *, as_json: AsJson = False) -> None:
    """Show its history, the newest first: what each run made, or why it was refused."""
    from cli.scheduled import RunPageView, show_runs

    page = ask(lambda client: client.get(f"{PATH}/{schedule}/runs", RunPageView, limit=limit))
    print_json(page) if as_json else show_runs(page)


@app.command()
def remove(schedule: ScheduleId) -> None:
    """Forget it and its history. What its runs made stays."""
    ask(lambda client: client.delete(f"{PATH}/{schedule}"))
    typer.echo(f"Forgot {schedule}.")


@app.command()
def system(*, as_json: AsJson = False) -> None:
    """Show what the workers do by themselves, and when they last did."""
    from cli.scheduled import TaskListView, show_tasks

    found = ask(lambda client: client.get(f"{PATH}/system", TaskListView))
    print_json(found) if as_json else show_tasks(found.items)


def _new_key() -> str:
    from uuid import uuid4

    return str(uuid4())


def _read(file: typer.FileText) -> dict[str, Any]:
    import json

    try:
        request = json.load(file)
    except ValueError as error:
        raise CommandError(f"{file.name} is not JSON: {error}", exit_code=USAGE) from None
    if not isinstance(request, dict):
        raise CommandError(f"{file.name} holds no JSON object.", exit_code=USAGE)
    return request


def _act(schedule: str, action: str) -> None:
    from cli.scheduled import ScheduleView

    _tell(ask(lambda client: client.post(f"{PATH}/{schedule}/{action}", ScheduleView)))


def _tell(schedule: ScheduleView) -> None:
    from cli.listing import local_time

    typer.echo(f"{schedule.id} {f'next {local_time(schedule.next_at)}' if schedule.next_at else 'is paused'}")
