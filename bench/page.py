"""``python -m bench.page FILE...``: what benchmarks kept with ``--keep``, as tables for docs/performance.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.figures import load


def main(files: Annotated[list[Path], typer.Argument(help="What benchmarks kept, in the order of the page.")]) -> None:
    """Write the tables of these files, in Markdown, to standard output."""
    for file in files:
        for section in load(file):
            typer.echo(f"{section.markdown()}\n")


if __name__ == "__main__":
    typer.run(main)
