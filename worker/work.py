"""The work itself: the kind's own function, and what became of it."""

from __future__ import annotations

import structlog

from playhead.errors import PlayheadError
from playhead.ledger.run import Run
from playhead.registry import kinds
from worker.context import JobContext
from worker.outcome import Outcome, Stop, Success, failure
from worker.sharing import SharedError

log = structlog.get_logger(__name__)


async def work(run: Run, context: JobContext) -> Outcome:
    """Do what the job asks for. Only a cancellation comes out as an exception."""
    try:
        kind = kinds()[run.kind]
        return Success.of(await kind.run(context, kind.params.model_validate(run.params)))
    except SharedError:
        return Stop.SHARED
    except PlayheadError as error:
        return failure(error)
    except Exception as error:
        log.exception("job_broke")
        return failure(error)
