"""The real converter, as tests ask it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any, Self

from playhead.engines.conversion import ConversionOptions, Converted, MediaFormat
from worker.engines.conversion.converter import FfmpegConverter


class AskedConverter(FfmpegConverter):
    """One that a test can ask in a line."""

    async def converted(self, source: Path, form: MediaFormat, **asked: object) -> tuple[Path, Converted]:
        """The output beside the source, and what is said of it."""
        target = source.with_name(f"media.{form}")
        options = ConversionOptions.model_validate({"format": form, **asked})
        parts = [part async for part in self.convert(source, target, options)]
        assert isinstance(parts[-1], Converted)
        return target, parts[-1]

    def under(self, **changes: Any) -> Self:
        """The same, with other settings: it is closed with this one."""
        other = copy.copy(self)
        other._settings, other._found = self._settings.model_copy(update=changes), None
        return other
