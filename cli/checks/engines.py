"""What the kinds of jobs would work with on this machine."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from cli.checks.check import Check, note
from playhead.settings import Settings


def check_engines(settings: Settings) -> Iterator[Check]:
    """Every engine but that of speech recognition, if a worker could run here and would have real ones."""
    if settings.engines == "stub":
        yield note("engines", "PLAYHEAD_ENGINES=stub: every output is made up")
    elif importlib.util.find_spec("worker") is None:
        remedy = "Ask where a worker runs: `docker compose exec worker playhead doctor`."
        yield note("engines", "no worker's code is here", remedy)
    else:
        with _quiet_engines():
            yield from _each(settings)


@contextmanager
def _quiet_engines() -> Iterator[None]:
    """What they log of themselves would stand in the midst of the table, or of the JSON."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


def _each(settings: Settings) -> Iterator[Check]:
    from cli.checks.conversion import check_conversion
    from cli.checks.language_model import check_language_model
    from cli.checks.mail import check_mail
    from cli.checks.speakers import check_speakers
    from cli.checks.speaking import check_speaking
    from cli.checks.texts import check_texts
    from cli.checks.translation import check_translation

    texts = (check_language_model, check_translation, check_texts)
    for part in (*texts, check_conversion, check_speaking, check_speakers, check_mail):
        yield from part(settings)
