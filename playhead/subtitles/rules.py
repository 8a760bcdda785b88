from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class CueRules(BaseModel):
    """What subtitles are held to. The defaults are those of broadcasters and streaming services."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_line_chars: int = Field(
        42, ge=10, le=200, description="Longest line, in characters; East Asian wide characters count as two."
    )
    max_lines: int = Field(2, ge=1, le=4, description="Most lines on the screen at once.")
    min_seconds: float = Field(1.0, gt=0, le=10, description="Shortest time on the screen.")
    max_seconds: float = Field(7.0, gt=0, le=60, description="Longest time on the screen.")
    gap_seconds: float = Field(
        0.083, ge=0, le=1, description="Least pause between two cues: two frames at 24 a second."
    )
    chars_per_second: float = Field(
        17.0, gt=0, le=100, description="Reading speed that a cue stays on for, where the pause after it allows."
    )
    pause_seconds: float = Field(1.5, gt=0, le=10, description="A pause in the speech this long always ends a cue.")
