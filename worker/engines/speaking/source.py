from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from playhead.engines.synthesis import Voice


class Said(BaseModel):
    """Speech of one piece of text, in a file of samples: mono, 16 bits, little-endian, nothing else."""

    model_config = ConfigDict(frozen=True)

    sample_rate: int


class Source(Protocol):
    """One engine that speaks."""

    def voices(self) -> Sequence[Voice]:
        """Whom it has. It may read files."""
        ...

    def voice(self, name: str | None, language: str) -> Voice:
        """Who is to speak. It may read files.

        Raises:
            InvalidError: there is nobody of that name, or for that language.
        """
        ...

    async def say(self, text: str, voice: Voice, speed: float, into: Path) -> Said:
        """Speak a few sentences into a new file."""
        ...

    async def lost(self) -> None:
        """Wait until its process lives on though it was killed; for ever, if it has none."""
        ...

    async def close(self) -> None:
        """End its process, or close its connections."""
        ...


def chosen(voices: Sequence[Voice], name: str | None, language: str) -> Voice | None:
    """The voice of that name, or the first for the language; None where there is none."""
    if name is not None:
        return next((one for one in voices if one.name.lower() == name.lower()), None)
    return next((one for one in voices if one.language == language), None)
