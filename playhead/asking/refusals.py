"""Why a request that nobody waits for was refused, as it is kept."""

from __future__ import annotations

from typing import Any

import structlog

from playhead.database import is_away
from playhead.errors import InternalError, PlayheadError

log = structlog.get_logger(__name__)


def refusal(error: Exception, **about: Any) -> dict[str, Any]:
    """The error as it is stored: ``code``, ``message``, ``field``. A bug is logged, with what it is about.

    Raises:
        Exception: the error itself, where the database is away: that is no refusal.
    """
    if is_away(error):
        raise error
    if not isinstance(error, PlayheadError):
        log.error("request_broke", **about, exc_info=error)
        error = InternalError("this is a bug; the server's log tells more")
    return {"code": error.code, "message": error.message, "field": error.field}
