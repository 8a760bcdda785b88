"""What benchmarks found: printed as tables, and put into a page in place of what was found before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

_TABLE = re.compile(r"\A(\|.*\n)*")


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


def show(sections: Sequence[Section], page: Path | None = None) -> None:
    """Print them; and put them into this page."""
    console = Console(width=120)
    for section in sections:
        console.print(section.table())
    if page is not None:
        page.write_text(put(page.read_text(), sections))


def put(page: str, sections: Sequence[Section]) -> str:
    """The page with each of these tables in place of the one of the same title.

    Raises:
        LookupError: the page has none of this title.
    """
    for section in sections:
        before, title, after = page.partition(f"**{section.title}**\n\n")
        if not title:
            raise LookupError(f"There is no table **{section.title}** in the page: write its title where it belongs.")
        page = f"{before}{section.markdown()}\n{_TABLE.sub('', after, count=1)}"
    return page
