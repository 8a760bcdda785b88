"""Jobs and other things in tables, as wide as the terminal is; uncut where the output is piped on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.board import clock
from cli.views import JobView, PageView, QuarantinedView, QuarantineView

COLORS = {"succeeded": "green", "failed": "red", "running": "cyan", "canceled": "yellow", "expired": "yellow"}
PIPED_WIDTH = 200


def make_console() -> Console:
    """Standard output. In a pipe nothing is cut to the eighty columns that would be guessed."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH, soft_wrap=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table; cells may hold rich's markup. Only the last column is ever wrapped."""
    table = Table(box=None, header_style="bold", pad_edge=False, show_header=any(columns))
    for number, column in enumerate(columns):
        table.add_column(column, no_wrap=number < len(columns) - 1, overflow="fold")
    for row in rows:
        table.add_row(*row)
    make_console().print(table)


def tell_more(next_cursor: str | None) -> None:
    """Say that a list goes on, where it does."""
    if next_cursor:
        make_console().print("There are more: take a larger --limit.", style="dim")


def show_jobs(page: PageView) -> None:
    """A line per job."""
    show_table(("JOB", "STATE", "PROGRESS", "KIND", "CREATED", "RECORDING"), [_row(job) for job in page.items])
    if page.next_cursor:
        make_console().print("There are more: take a larger --limit, or a filter.", style="dim")


def show_quarantine(found: QuarantineView) -> None:
    """A line per input."""
    columns = ("KIND", "SHA256", "SINCE", "DEATHS", "JOBS", "LAST ERROR")
    show_table(columns, [_quarantined(one) for one in found.items])
    if found.total > len(found.items):
        make_console().print(f"There are {found.total}: take a larger --limit.", style="dim")


def show_job(job: JobView) -> None:
    """All that a person asks about one job."""
    facts = {
        "job": job.id,
        "kind": job.kind,
        "recording": escape(job.label),
        "state": _state(job),
        "stage": escape(job.stage or ""),
        "progress": f"{job.progress:.0%}",
        "position": str(job.position or ""),
        "attempt": f"{job.attempt} of {job.max_attempts}",
        "created": local_time(job.created_at),
        "started": local_time(job.started_at),
        "finished": local_time(job.finished_at),
        "took": "" if job.took_seconds is None else clock(job.took_seconds),
        "taken from": job.cached_from or "",
        "outputs": escape(", ".join(output.name for output in job.outputs)),
        "error": escape(f"{job.error.code}: {job.error.message}") if job.error else "",
    }
    show_table(("", ""), [(name, fact) for name, fact in facts.items() if fact])


def _row(job: JobView) -> tuple[str, ...]:
    return (job.id, _state(job), f"{job.progress:.0%}", job.kind, local_time(job.created_at), escape(job.label))


def _quarantined(one: QuarantinedView) -> tuple[str, ...]:
    jobs = "\n".join(one.jobs)
    return (one.kind, one.sha256, local_time(one.quarantined_at), str(one.deaths), jobs, escape(one.last_error))


def _state(job: JobView) -> str:
    color = COLORS.get(job.state, "default")
    return f"[{color}]{escape(job.state)}[/{color}]"


def local_time(moment: datetime | None) -> str:
    """In the time zone of this machine; empty for None."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else ""
