"""The tables. Alembic makes them; a test holds the two together."""

from playhead.models.base import Base, lease_tokens
from playhead.models.batches import Batch
from playhead.models.deliveries import Delivery, Digest, DigestIssue
from playhead.models.files import Blob, File, Output
from playhead.models.flights import Flight
from playhead.models.history import Checkpoint, EngineDeaths, Event
from playhead.models.jobs import Dependency, Job, JobInput
from playhead.models.owners import ADMIN_OWNER, Key, Owner
from playhead.models.podcasts import PODCASTS_OWNER, Episode, EpisodeIdentity, Feed, Subscription
from playhead.models.schedules import Schedule, ScheduleRun
from playhead.models.stories import Adventure, AdventureEntry
from playhead.models.wakes import Wake
from playhead.models.workers import QueueRow, WorkerRow

__all__ = [
    "ADMIN_OWNER",
    "PODCASTS_OWNER",
    "Adventure",
    "AdventureEntry",
    "Base",
    "Batch",
    "Blob",
    "Checkpoint",
    "Delivery",
    "Dependency",
    "Digest",
    "DigestIssue",
    "EngineDeaths",
    "Episode",
    "EpisodeIdentity",
    "Event",
    "Feed",
    "File",
    "Flight",
    "Job",
    "JobInput",
    "Key",
    "Output",
    "Owner",
    "QueueRow",
    "Schedule",
    "ScheduleRun",
    "Subscription",
    "Wake",
    "WorkerRow",
    "lease_tokens",
]
