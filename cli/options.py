"""Options that several commands have, and what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="How many.")]


def print_json(answer: BaseModel) -> None:
    """Print it as the server gave it."""
    typer.echo(answer.model_dump_json(indent=2))
