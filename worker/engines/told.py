"""Errors that an engine tells its worker of, by their codes."""

from __future__ import annotations

from playhead import errors
from playhead.errors import PlayheadError

_ERRORS: dict[str, type[PlayheadError]] = {
    one.code: one
    for one in (
        errors.DocumentUnreadableError,
        errors.EngineCrashedError,
        errors.InvalidError,
        errors.MediaUnreadableError,
        errors.MediaWithoutAudioError,
        errors.ModelUnavailableError,
        errors.SpeakerUnavailableError,
        errors.TooLargeError,
        errors.TooLongError,
    )
}


def told_error(code: str, message: str, field: str | None = None) -> PlayheadError:
    """The error of this code; what an engine has no business to say is a crash of it."""
    return _ERRORS.get(code, errors.EngineCrashedError)(message, field=field)
