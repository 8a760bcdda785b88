"""What owners are to the operator."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from playhead.states import LARGEST_BASE

DEFAULT_TIER = "free"
"""Of an owner whom nobody gave another; it is always there."""

_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
_Base = Annotated[int, Field(ge=-LARGEST_BASE, le=LARGEST_BASE)]


def _with_default(tiers: dict[str, int]) -> dict[str, int]:
    return {DEFAULT_TIER: 0} | tiers


Tiers = Annotated[dict[_Name, _Base], AfterValidator(_with_default)]
"""The base of each tier by its name: it is added to the rank of the priority that a job asks for."""
