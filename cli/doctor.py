"""`playhead doctor`: what is installed, reachable and configured, and what to do about the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from cli.failure import FAILED
from cli.options import AsJson

if TYPE_CHECKING:
    from cli.checks.check import Check
    from playhead.settings import Settings

MARKS = {
    "fine": "[green]ok[/green]",
    "note": "[dim]note[/dim]",
    "doubtful": "[yellow]?[/yellow]",
    "broken": "[red]BROKEN[/red]",
}


def doctor(*, as_json: AsJson = False) -> None:
    """Say what is wrong, and what to do about it.

    Looks at all that Playhead needs: packages, settings, database, storage, models, device, the servers
    that are set, API and workers. It prints no key.
    Exits with 1 when something that is needed is broken.
    """
    from cli.configuration import load

    settings = load()
    found = list(look(settings))
    if as_json:
        _print_json(found, settings)
    else:
        _print_table(found)
    if any(check.grade == "broken" for check in found):
        raise typer.Exit(FAILED)


def look(settings: Settings) -> Iterator[Check]:
    """Every check, one after the other."""
    from cli.checks.database import check_database
    from cli.checks.engines import check_engines
    from cli.checks.environment import check_environment
    from cli.checks.machine import check_machine
    from cli.checks.service import check_service
    from cli.checks.speech import check_speech
    from cli.checks.storage import check_storage
    from cli.checks.waking import check_waking

    kept = (check_machine, check_environment, check_database, check_storage)
    for part in (*kept, check_speech, check_engines, check_waking, check_service):
        yield from part(settings)


def _print_json(found: Sequence[Check], settings: Settings) -> None:
    from cli.catalog import entries

    in_force = {entry.name: entry.value(settings) for entry in entries()}
    typer.echo(json.dumps({"checks": [asdict(check) for check in found], "settings": in_force}, indent=2))


def _print_table(found: Sequence[Check]) -> None:
    from rich.markup import escape

    from cli.listing import show_table

    rows = []
    for check in found:
        remedy = f"\n-> {escape(check.remedy)}" if check.remedy else ""
        rows.append((MARKS[check.grade], check.name, escape(check.finding) + remedy))
    show_table(("", "WHAT", "FOUND"), rows)
