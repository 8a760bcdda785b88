from __future__ import annotations

import os
from pathlib import Path

from playhead.settings import SpeechSettings

# The driver tells here what there is: no process need be started and no library loaded to know.
_NVIDIA = Path("/proc/driver/nvidia/gpus")


def device_name(settings: SpeechSettings) -> str:
    """Where models run, as an operator would say it: ``cpu (8 cores)``, ``NVIDIA H100 80GB HBM3``."""
    found = None if settings.device == "cpu" else _nvidia()
    return found or ("cuda" if settings.device == "cuda" else f"cpu ({os.cpu_count()} cores)")


def _nvidia() -> str | None:
    for information in sorted(_NVIDIA.glob("*/information")):
        for line in information.read_text().splitlines():
            if line.startswith("Model:"):
                return line.removeprefix("Model:").strip()
    return None
