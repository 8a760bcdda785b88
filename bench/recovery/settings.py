"""What both sides are set to."""

from __future__ import annotations

WORKERS = 3
CONCURRENCY = 4
HEARTBEAT_SECONDS = 1.0
LOST_AFTER_SECONDS = 4.0
MAX_ATTEMPTS = 20
"""Many: this is about recovery, not about giving up."""
GRACE_SECONDS = 10.0
