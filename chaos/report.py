"""What a run gave, as tables for people and as JSON."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.lag import LATE_SECONDS
from chaos.outcome import Outcome

MOST = 20
"""Violations that are printed; all are in the JSON."""


def as_json(outcome: Outcome) -> str:
    """All of it."""
    options, verdict = outcome.options, outcome.verdict
    return json.dumps(
        {
            "seed": options.seed,
            "seconds": options.seconds,
            "jobs_per_second": options.jobs_per_second,
            **outcome.figures,
            "took_seconds": outcome.seconds,
            "checked": dict(verdict.checked),
            "violations": [
                {"rule": one.rule, "job": str(one.job_id) if one.job_id else None, "text": one.text}
                for one in verdict.violations
            ],
        },
        indent=1,
    )


def show(outcome: Outcome, console: Console) -> None:
    """Print the tables."""
    told = outcome.figures
    _counts(console, "Faults", told["faults"])
    _counts(console, "Jobs by end", told["ends"])
    _counts(console, "Runs", told["runs"])
    if told["failed_attempts"]:
        _counts(console, "Failed attempts", told["failed_attempts"])
    _recovery(console, told)
    _rules(console, outcome)
    for one in outcome.verdict.violations[:MOST]:
        console.print(f"[red]{one.rule}[/red] {one.job_id or ''} {one.text}", highlight=False)


def _counts(console: Console, title: str, counts: dict[str, int]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("count", justify="right")
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(name, str(count))
    console.print(table)


def _recovery(console: Console, told: dict[str, Any]) -> None:
    table = Table(title="Seconds from a fault to the next claim of the jobs that it took", title_justify="left")
    for column in ("fault", "jobs", "median", "p95", "max"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    waits = {"(fault to queued again)": told["rescue_seconds"], "(no fault: queued to claimed)": told["wait_seconds"]}
    for name, one in (told["recovery_seconds"] | waits).items():
        table.add_row(name, *(str(one.get(key, "")) for key in ("count", "median", "p95", "max")))
    console.print(table)
    share = 100 * told["told_again"] / max(1, told["told"])
    console.print(f"Lost without a fault near it: {len(told['lost_without_fault'])} runs.")
    console.print(
        f"The harness itself was {told['harness_lag_seconds']} s late at most;"
        f" what was lost while it was {LATE_SECONDS:g} s late or more is not held against Playhead."
    )
    console.print(f"Done again: {told['told_again']} of {told['told']} steps and segments ({share:.1f} %).")


def _rules(console: Console, outcome: Outcome) -> None:
    table = Table(title="Promises", title_justify="left")
    for column in ("rule", "checked", "broken"):
        table.add_column(column, justify="left" if column == "rule" else "right")
    broken = [one.rule for one in outcome.verdict.violations]
    for rule, checked in outcome.verdict.checked.items():
        count = broken.count(rule)
        table.add_row(rule, str(checked), f"[red]{count}[/red]" if count else "0")
    console.print(table)
