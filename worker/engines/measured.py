"""What engines measured of this machine, kept in a file for those that come after."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ValidationError

NAME = "engine.json"
"""Of the file, in the data folder."""


class Lanes(BaseModel):
    """A way to use the cores.

    Attributes:
        workers: batches decoded at the same time.
        threads: that each of them uses.
        gain: how much faster it was than one worker with all threads; None where it was not measured.
    """

    workers: int
    threads: int
    gain: float | None = None


def recall(kept: Path) -> dict[str, Lanes]:
    """What was chosen, by model and machine; nothing where nobody has measured."""
    try:
        return {name: Lanes.model_validate(one) for name, one in json.loads(kept.read_text()).items()}
    except (OSError, ValueError, AttributeError, ValidationError):
        return {}


def keep(kept: Path, known: dict[str, Lanes]) -> None:
    """Write all that is known; where that cannot be written it is measured again next time."""
    written = json.dumps({name: one.model_dump() for name, one in known.items()}, indent=2)
    try:
        new = kept.with_suffix(".new")
        new.write_text(written)
        new.replace(kept)
    except OSError:
        return
