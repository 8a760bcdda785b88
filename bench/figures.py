"""What benchmarks found: printed as tables, kept in a file, and written as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Row:
    """One measurement.

    Attributes:
        figures: in the order of the columns after the first.
        target: in words; empty where there is none.
        met: whether it is; None where there is none, or nobody can tell.
    """

    name: str
    figures: list[str]
    target: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        """The target, and whether it is met."""
        return self.target if self.met is None else f"{self.target}: {'met' if self.met else 'missed'}"


@dataclass(frozen=True)
class Section:
    """One table. ``columns`` has a name for each, the first for the names of the rows."""

    title: str
    columns: list[str]
    rows: list[Row]

    def table(self) -> Table:
        """For a terminal."""
        made = Table(*self.columns, "target", title=self.title)
        for row in self.rows:
            made.add_row(row.name, *row.figures, row.verdict)
        return made

    def markdown(self) -> str:
        """For a page."""
        head = [*self.columns, "target"]
        lines = [head, ["---"] * len(head), *([row.name, *row.figures, row.verdict] for row in self.rows)]
        return "\n".join([f"**{self.title}**", "", *(f"| {' | '.join(cells)} |" for cells in lines)])


def show(sections: Sequence[Section], keep: Path | None = None) -> None:
    """Print them; and keep them in this file, as JSON."""
    console = Console(width=120)
    for section in sections:
        console.print(section.table())
    if keep is not None:
        keep.write_text(json.dumps([asdict(section) for section in sections], indent=2) + "\n")


def load(kept: Path) -> list[Section]:
    """What :func:`show` kept."""
    return [
        Section(one["title"], one["columns"], [Row(**row) for row in one["rows"]])
        for one in json.loads(kept.read_text())
    ]
