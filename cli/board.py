"""How far the work is: a bar per recording on a terminal, plain lines elsewhere. All of it on stderr."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from cli.views import News

STAGES = {"queued": "in the queue", "succeeded": "done"}
LINE_EVERY = 0.1
"""A plain line is written at each further tenth, and when the stage changes."""


class Board(Protocol):
    """Shows the progress of several recordings, by their names."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and leave the terminal as it was."""
        ...

    def show(self, name: str, stage: str, fraction: float | None = None, eta_seconds: float | None = None) -> None:
        """``fraction`` is 0 to 1, None where it stays as it is."""
        ...


def make_board() -> Board:
    """The board that fits where stderr leads."""
    console = Console(stderr=True)
    return Bars(console) if console.is_terminal else Lines(console)


class Bars:
    """A bar per recording."""

    def __init__(self, console: Console) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.fields[name]}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[stage]}", markup=False, style="dim"),
            TextColumn("{task.fields[left]}", style="cyan"),
            console=console,
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, name: str, stage: str, fraction: float | None = None, eta_seconds: float | None = None) -> None:
        """Move the bar of ``name``."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=1.0, name=name, stage=stage, left="")
        self._progress.update(self._tasks[name], completed=fraction, stage=stage, left=left(eta_seconds))


@dataclass
class Lines:
    """A line now and then: for logs, pipes and cron."""

    console: Console
    _last: dict[str, tuple[str, int]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, name: str, stage: str, fraction: float | None = None, eta_seconds: float | None = None) -> None:
        """Write a line, unless the last one of ``name`` says the same."""
        known_stage, known_step = self._last.get(name, ("", -1))
        step = max(known_step, 0) if fraction is None else math.floor(fraction / LINE_EVERY)
        if (stage, step) != (known_stage, known_step):
            self._last[name] = (stage, step)
            text = ", ".join(filter(None, [stage, "" if fraction is None else f"{fraction:.0%}", left(eta_seconds)]))
            self.console.print(f"{name}: {text}", markup=False, highlight=False, soft_wrap=True)


def show_news(board: Board, name: str, news: News) -> None:
    """What the server tells of a job, on the board."""
    data = news.data
    if news.event == "progress":
        board.show(name, str(data.get("stage") or "running"), data.get("progress"), data.get("eta_seconds"))
    elif news.event == "state":
        board.show(name, STAGES.get(str(data.get("state")), str(data.get("state"))))


def left(eta_seconds: float | None) -> str:
    """A remaining time in words: `2:05 left`."""
    if eta_seconds is None:
        return ""
    return f"{clock(eta_seconds)} left"


def clock(seconds: float) -> str:
    """`2:05`, `1:02:05`."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
