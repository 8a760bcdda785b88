"""Who speaks when: the extra `speakers`."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator

from cli.checks.check import Check, fine, note
from playhead.settings import Settings

NAME = "speakers"


def check_speakers(settings: Settings) -> Iterator[Check]:
    """Whether voices can be told apart."""
    from worker.engines.diarizer import PACKAGES, missing_packages

    if missing := missing_packages():
        remedy = 'To have it: pip install "playhead[speakers]" (1.6 GB).'
        yield note(NAME, f"without {', '.join(missing)}: jobs that ask for `speakers` fail", remedy)
        return
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in PACKAGES)
    yield fine(NAME, f"{versions}; on {settings.diarization.device}")
