from __future__ import annotations

import time

from chaos.lag import LATE_SECONDS, Lag


def test_only_what_came_late_is_remembered() -> None:
    lag = Lag()
    lag.note(LATE_SECONDS / 2)
    assert (lag.worst_seconds, lag.late) == (LATE_SECONDS / 2, [])
    lag.note(3 * LATE_SECONDS)
    now = time.time()
    assert lag.was_late(now - LATE_SECONDS, now)
    assert not lag.was_late(now - 30, now - 20)
