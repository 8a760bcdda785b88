"""Schedules and their runs, as the server tells of them, and in tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel
from rich.markup import escape

from cli.listing import local_time, show_table, tell_more
from cli.views import ErrorView


class ScheduleView(BaseModel):
    """Work that is asked for again and again."""

    id: str
    name: str | None = None
    cron: str
    timezone: str
    next_at: datetime | None = None
    paused_at: datetime | None = None


class SchedulePageView(BaseModel):
    """Some schedules; ``next_cursor`` leads to the rest."""

    items: list[ScheduleView]
    next_cursor: str | None = None


class RunView(BaseModel):
    """A time that a schedule's work was asked for."""

    due_at: datetime | None = None
    at: datetime
    job_id: str | None = None
    batch_id: str | None = None
    error: ErrorView | None = None


class RunPageView(BaseModel):
    """Some runs; ``next_cursor`` leads to the rest."""

    items: list[RunView]
    next_cursor: str | None = None


class TaskView(BaseModel):
    """Something that the workers do by themselves."""

    name: str
    cron: str
    summary: str
    last_at: datetime | None = None
    next_at: datetime


class TaskListView(BaseModel):
    """All that they do."""

    items: list[TaskView]


def show_schedules(page: SchedulePageView) -> None:
    """A line per schedule."""
    rows = [(one.id, one.cron, one.timezone, _next(one), escape(one.name or "")) for one in page.items]
    show_table(("SCHEDULE", "CRON", "ZONE", "NEXT", "NAME"), rows)
    tell_more(page.next_cursor)


def show_runs(page: RunPageView) -> None:
    """A line per run."""
    rows = [(local_time(one.at), local_time(one.due_at) or "beside its times", *_made(one)) for one in page.items]
    show_table(("AT", "DUE", "MADE", "RESULT"), rows)
    tell_more(page.next_cursor)


def show_tasks(tasks: Sequence[TaskView]) -> None:
    """A line per task."""
    rows = [(one.name, one.cron, local_time(one.last_at) or "never", escape(one.summary)) for one in tasks]
    show_table(("TASK", "CRON (UTC)", "LAST", "WHAT IT DOES"), rows)


def _next(schedule: ScheduleView) -> str:
    return "[yellow]paused[/yellow]" if schedule.paused_at else local_time(schedule.next_at)


def _made(run: RunView) -> tuple[str, str]:
    if run.error:
        return "[red]nothing[/red]", escape(f"{run.error.code}: {run.error.message}")
    return ("job", run.job_id) if run.job_id else ("batch", run.batch_id or "")
