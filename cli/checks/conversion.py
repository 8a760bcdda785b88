"""The ffmpeg that the converter takes, and why it takes no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

from cli.checks.check import Check, broken, fine, note
from playhead.settings import Settings

if TYPE_CHECKING:
    from worker.engines.conversion.binary import Candidate

NAME = "ffmpeg"


def check_conversion(settings: Settings) -> Iterator[Check]:
    """As a worker looks for it, up to the first that serves."""
    tried = asyncio.run(_tried(settings))
    for one in tried:
        yield _check(one)
    if not tried or tried[-1].flaw:
        named = settings.converter.ffmpeg
        missing = (
            f"PLAYHEAD_CONVERTER__FFMPEG names none that serves: {named}" if named else "there is none that serves"
        )
        remedy = (
            "Install ffmpeg 6.1 or later, or the package imageio-ffmpeg, and leave PLAYHEAD_CONVERTER__FFMPEG unset."
        )
        yield broken(NAME, f"{missing}; convert and speak need it", remedy)


async def _tried(settings: Settings) -> list[Candidate]:
    from worker.engines.conversion.binary import candidates

    tried = []
    async for one in candidates(settings.converter):
        tried.append(one)
        if not one.flaw:
            break
    return tried


def _check(one: Candidate) -> Check:
    found = f"{one.version or 'of no known version'} at {one.path}"
    return note(NAME, f"passed over: {found}: {one.flaw}") if one.flaw else fine(NAME, found)
