from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Literal

import pytest
import structlog

from playhead.observability import configure_logging
from playhead.settings import Settings


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configure(log_format: Literal["auto", "text", "json"]) -> None:
    configure_logging(Settings(log_format=log_format, log_level="info"))


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_away_from_a_terminal_lines_are_json_with_what_is_bound(capsys: pytest.CaptureFixture[str]) -> None:
    configure("auto")
    with structlog.contextvars.bound_contextvars(job_id="7", trace_id="abc"):
        structlog.get_logger("playhead.test").info("job_claimed", attempt=2)
        logging.getLogger("somebody.else").warning("odd: %s", "thing")
    ours, theirs = lines(capsys)
    assert (ours["message"], ours["attempt"], ours["job_id"], ours["trace_id"]) == ("job_claimed", 2, "7", "abc")
    assert (ours["level"], ours["logger"]) == ("info", "playhead.test")
    assert (theirs["message"], theirs["job_id"], theirs["level"]) == ("odd: thing", "7", "warning")
    assert str(theirs["timestamp"]).endswith("Z")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_errors_carry_their_traceback_and_no_variables(
    capsys: pytest.CaptureFixture[str], log_format: Literal["json", "text"]
) -> None:
    configure(log_format)
    key = "ph_secret"
    try:
        int("broken")
    except ValueError:
        structlog.get_logger("playhead.test").exception("failed")
    told = capsys.readouterr().err
    assert "invalid literal" in told
    assert key not in told


def test_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure("text")
    structlog.get_logger("playhead.test").info("job_claimed", attempt=2)
    assert "job_claimed" in (told := capsys.readouterr().err)
    assert "attempt=2" in told
    assert "{" not in told


def test_what_is_below_the_level_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    structlog.get_logger("playhead.test").debug("detail")
    logging.getLogger("httpx").info("GET ...")
    assert lines(capsys) == []


@pytest.mark.parametrize("library", ["httpx2", "httpcore2.http11", "openai._base_client", "deepl"])
def test_what_is_asked_of_a_language_model_is_not_logged(library: str) -> None:
    configure_logging(Settings(log_level="debug"))

    assert not logging.getLogger(library).isEnabledFor(logging.INFO)
