"""The settings in force, and variables that look like settings but are none."""

from __future__ import annotations

import os
from collections.abc import Iterator

from cli.catalog import entries, unknown
from cli.checks.check import Check, doubtful, fine
from playhead.settings import Settings


def check_environment(settings: Settings) -> Iterator[Check]:
    """What was set and what was only meant to be."""
    for name, nearest in unknown(os.environ):
        remedy = f"Did you mean {nearest}?" if nearest else "Remove it; docs/settings.md lists every setting."
        yield doubtful(f"settings: {name}", "no setting: nothing reads it", remedy)
    changed = changed_settings(settings)
    told = ", ".join(f"{name}={value}" for name, value in changed.items())
    yield fine("settings", told or "the defaults")


def changed_settings(settings: Settings) -> dict[str, str]:
    """Settings that differ from their defaults, secrets masked."""
    return {entry.name: value for entry in entries() if (value := entry.value(settings)) != entry.default}
