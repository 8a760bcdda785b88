"""Where the bytes are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from cli.catalog import masked
from cli.checks.check import Check, broken, fine, note
from playhead.errors import PlayheadError
from playhead.settings import Settings
from playhead.storage import Storage


def check_storage(settings: Settings) -> Iterator[Check]:
    """A probe written, read and removed."""
    location = masked(settings.storage_location)
    if not settings.storage_url and not (settings.data_dir / "storage").exists():
        yield note("storage", f"{location}; made when the first file comes")
        return
    try:
        asyncio.run(Storage.from_url(settings.storage_location).check())
    except PlayheadError as error:
        yield broken("storage", f"{location}: {error.message}", "Check PLAYHEAD_STORAGE_URL and its AWS_* variables.")
    else:
        yield fine("storage", location)
