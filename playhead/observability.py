"""Logs: readable on a terminal, JSON elsewhere. What the libraries log goes the same way."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import structlog
from structlog.contextvars import merge_contextvars
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name, filter_by_level
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

from playhead.settings import Settings

_LEAST = {
    **dict.fromkeys(("httpx", "httpcore", "procrastinate", "alembic.runtime", "uvicorn.error"), logging.WARNING),
    # Clients of language models and of DeepL: a line for each call, and the words of recordings in each.
    **dict.fromkeys(("httpx2", "httpcore2", "openai", "deepl"), logging.WARNING),
    "psycopg.pool": logging.ERROR,  # while the database is away it warns many times a second
}
"""What these say below their level is said better by our own lines."""

# Local variables hold keys and what was said in recordings.
_TRACEBACKS = ExceptionDictTransformer(show_locals=False)


def configure_logging(settings: Settings) -> None:
    """Set the process's logging up, to standard error. Called once, by an entrypoint.

    What is bound with ``structlog.contextvars`` (``job_id``, ``attempt``, ``trace_id``, ``request_id``) is on every
    line of its context, a library's too.
    """
    text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared = _shared()
    structlog.configure(
        processors=[filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(ProcessorFormatter(processors=_rendering(text=text), foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    logging.captureWarnings(capture=True)
    _ask_less()
    for name, level in _LEAST.items():
        logging.getLogger(name).setLevel(level)


def _ask_less() -> None:
    """Let a record not look for what no line of ours tells: where it was made, in which thread and process."""
    vars(logging)["_srcfile"] = None  # As the manual of `logging` says, under "Optimization".
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


def _shared() -> list[Processor]:
    return [
        merge_contextvars,
        add_log_level,
        add_logger_name,
        ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _rendering(*, text: bool) -> Sequence[Processor]:
    if text:
        colors = sys.stderr.isatty()
        renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
        return [ProcessorFormatter.remove_processors_meta, renderer]
    return [
        ProcessorFormatter.remove_processors_meta,
        structlog.processors.ExceptionRenderer(_TRACEBACKS),
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]
