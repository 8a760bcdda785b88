"""What went wrong with a call, as an error of ours that says what to do."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import openai

from playhead.errors import (
    InvalidError,
    ModelUnavailableError,
    PlayheadError,
    TooLongError,
    WriterUnavailableError,
)
from worker.engines.remote import without_key
from worker.engines.writer.call import StreamCutError
from worker.engines.writer.question import Question

FAULTS = (openai.APIError, StreamCutError, TimeoutError)
"""What a call may end with."""

_MOST_CHARACTERS, _MOST_READ = 500, 10_000
_TOO_LONG = re.compile(
    r"context.?(length|size|window)|exceed_context|maximum context|prompt is too long|too many (input )?tokens"
    r"|reduce the length",
    re.IGNORECASE,
)
_UNREADABLE, _NO_SUCH, _TOO_LARGE, _TOO_MANY = {400, 422}, 404, 413, 429
_AWAY = {408, 409, 425, _TOO_MANY}


def judged(error: Exception, question: Question, key: str | None = None) -> PlayheadError:
    """The error to end with; :class:`~playhead.errors.WriterUnavailableError` where asking again may help."""
    said = said_by(error, key)
    if isinstance(error, openai.APIError) and _too_long(error, said):
        return TooLongError(f"the text does not fit into the context of {question.model!r}: {said}")
    if isinstance(error, openai.APIStatusError):
        return _judged_status(error, said, question)
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        said = "it gave no answer in time (PLAYHEAD_LLM__SILENCE_SECONDS, PLAYHEAD_LLM__TIMEOUT_SECONDS)"
    return WriterUnavailableError(f"the language model's server failed: {said}")


def said_by(error: Exception, key: str | None = None) -> str:
    """Its words, in short, and those of its cause: the client calls every failed connection just that."""
    cause = f" ({error.__cause__})" if error.__cause__ and str(error.__cause__) else ""
    # Cut before anything else: a server may say megabytes.
    said = without_key(f"{str(error)[:_MOST_READ]}{cause[:_MOST_READ]}", key)
    return " ".join(said.split())[:_MOST_CHARACTERS]


def refused(error: Exception) -> bool:
    """The server could not make sense of the request: it may of another dialect's."""
    return isinstance(error, openai.APIStatusError) and error.status_code in _UNREADABLE


def _too_long(error: openai.APIError, said: str) -> bool:
    status = getattr(error, "status_code", None)
    readable = status is None or status in _UNREADABLE
    return status == _TOO_LARGE or (
        readable and bool(_TOO_LONG.search(f"{said} {str(error.code)[:_MOST_READ]} {str(error.type)[:_MOST_READ]}"))
    )


def _judged_status(error: openai.APIStatusError, said: str, question: Question) -> PlayheadError:
    status = error.status_code
    if status in _AWAY or status >= 500:  # noqa: PLR2004 - all that are the server's own fault
        after = retry_after_seconds(error.response.headers)
        return WriterUnavailableError(f"the language model's server is away or busy: {said}", retry_after_seconds=after)
    if status in {401, 402, 403}:
        return ModelUnavailableError(
            f"the language model's server refuses the key ({status}): set PLAYHEAD_LLM__API_KEY on the worker: {said}"
        )
    if status == _NO_SUCH:
        return _unknown_model(said, question)
    if 300 <= status < 400:  # noqa: PLR2004 - all that lead elsewhere
        where = error.response.headers.get("location", "elsewhere")
        return ModelUnavailableError(
            f"PLAYHEAD_LLM__BASE_URL leads on to {where[:_MOST_CHARACTERS]}: set it to the address of the server itself"
        )
    return InvalidError(f"the language model's server refuses the request: {said}")


def _unknown_model(said: str, question: Question) -> PlayheadError:
    if question.named:
        return InvalidError(f"the server has no model {question.model!r}: {said}", field="params.model")
    return ModelUnavailableError(
        f"there is no model {question.model!r}: set PLAYHEAD_LLM__MODEL on the worker to one that the server has, and "
        f"see whether PLAYHEAD_LLM__BASE_URL is right (it usually ends in /v1): {said}"
    )


def retry_after_seconds(headers: httpx2.Headers) -> float | None:
    """When the server wants to be asked again; None where it does not say."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())
