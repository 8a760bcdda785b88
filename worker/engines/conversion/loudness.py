"""Loudness as EBU R 128 measures it (ITU-R BS.1770), by ffmpeg's filter ``loudnorm`` in two passes.

The first measures all of the sound. So the second can raise or lower all of it by the same, as long as no peak is
clipped by that; only where one would be, it presses the loud parts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, ValidationError

from playhead.engines.conversion import Loudness

# What streaming services ask for: encoding may raise a peak by a decibel.
_PEAK_DBTP = -1.5
_RANGE_LU = 11.0
_WIDEST_RANGE_LU = 50.0
# What BS.1770's gate takes for silence.
_SILENT_LUFS = -70.0
# What the filter tells from the next value.
_LEAST = 0.01


def measuring(lufs: float) -> str:
    """The first pass of two that bring sound to so many LUFS."""
    return f"{_loudnorm(lufs)}:LRA={_RANGE_LU}"


class Measured(BaseModel):
    """What the filter says at its end."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=True)

    input_i: float
    input_tp: float
    input_lra: float
    input_thresh: float
    output_i: float
    output_tp: float
    target_offset: float

    @property
    def is_silence(self) -> bool:
        """Whether there is nothing that could be made louder."""
        return not self.input_i > _SILENT_LUFS

    def filter(self, lufs: float) -> str:
        """The second pass."""
        given = {
            # A range that is wider than the target's would have the filter press all of the sound.
            "LRA": min(max(_RANGE_LU, self.input_lra), _WIDEST_RANGE_LU),
            # Some values the filter takes for not given, and would then press all of the sound: that of a steady or
            # short sound, which has no range, and those at either end of the scale.
            "measured_I": min(self.input_i, -_LEAST),
            "measured_TP": self.input_tp,
            "measured_LRA": max(self.input_lra, _LEAST),
            "measured_thresh": min(max(self.input_thresh, _SILENT_LUFS + _LEAST), 0),
            "offset": max(-99.0, min(self.target_offset, 99.0)),
        }
        return f"{_loudnorm(lufs)}:" + ":".join(f"{name}={value:.2f}" for name, value in given.items()) + ":linear=true"


def _loudnorm(lufs: float) -> str:
    return f"loudnorm=I={lufs:.2f}:TP={_PEAK_DBTP}:print_format=json"


def parsed(complaints: Sequence[str]) -> Measured | None:
    """What the filter said among the last lines of ffmpeg; None if it said nothing."""
    lines = list(complaints)
    begins = [place for place, line in enumerate(lines) if line.strip() == "{"]
    ends = [place for place, line in enumerate(lines) if line.strip() == "}"]
    if not begins or not ends:
        return None
    try:
        return Measured.model_validate(json.loads("\n".join(lines[begins[-1] : ends[-1] + 1])))
    except (json.JSONDecodeError, ValidationError):
        return None


def told(before: Measured, after: Measured) -> Loudness:
    """What users are told of both passes."""
    return Loudness(
        input_lufs=before.input_i,
        input_peak_dbtp=before.input_tp,
        input_range_lu=before.input_lra,
        output_lufs=after.output_i,
        output_peak_dbtp=after.output_tp,
    )
