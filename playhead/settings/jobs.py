"""How jobs come to their inputs, run, are tried again and are kept."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from pydantic import BaseModel, Field


class FetchSettings(BaseModel):
    """How URLs are fetched."""

    max_bytes: int = Field(5 * 1024**3, gt=0, description="Largest recording fetched from a URL, in bytes.")
    timeout_seconds: float = Field(3600, gt=0, description="Longest time one fetch may take.")
    silence_seconds: float = Field(30, gt=0, description="A connection that gives no byte for this long is cut.")
    max_redirects: int = Field(5, ge=0, description="Redirects followed; each new address is checked again.")
    max_resumes: int = Field(5, ge=0, description="How often a cut download goes on where it was.")
    resume_pause_seconds: float = Field(
        1, ge=0, description="Pause before a cut download goes on; it doubles each time."
    )
    allowed_networks: list[IPv4Network | IPv6Network] = Field(
        default_factory=list,
        description='Private networks that URLs may lead to all the same, e.g. `["192.168.1.0/24"]`.',
    )


class WorkerSettings(BaseModel):
    """How a worker behaves."""

    heartbeat_seconds: float = Field(5, gt=0, description="How often a worker says that it lives.")
    lost_after_seconds: float = Field(
        15, gt=0, description="A worker silent for this long is dead; its jobs go on elsewhere."
    )
    stall_seconds: float = Field(
        60,
        gt=0,
        description="A worker whose event loop does not answer for this long hangs: it logs where, gives its jobs up "
        "and exits with status 75, to be started anew.",
    )
    grace_seconds: float = Field(
        20,
        gt=0,
        description="How long a stopping worker may take to give its jobs back, and an attempt to end once its "
        "`timeout_seconds` are over.",
    )
    queues: list[str] = Field(default=["gpu", "llm", "cpu", "io"], description="Queues a worker takes jobs from.")
    kinds: list[str] | None = Field(None, description="Kinds of jobs a worker takes; None takes all of its queues.")
    concurrency: dict[str, int] = Field(
        default={"gpu": 16, "llm": 8, "cpu": 2, "io": 8},
        description="Jobs in flight per queue. Those of `gpu` share the device's batches: while some are decoded, "
        "others are fetched.",
    )
    exit_when_idle_seconds: float | None = Field(
        None, gt=0, description="A worker with nothing to do for this long ends, with status 0; None lets it wait."
    )
    scratch_dir: Path | None = Field(None, description="Working files; None takes a folder under DATA_DIR.")
    alive_file: Path | None = Field(
        None, description="Touched at each heartbeat, for health checks; None takes `worker.alive` in DATA_DIR."
    )


class RetrySettings(BaseModel):
    """When a failed attempt is tried again: full jitter under a doubling, capped bound."""

    base_seconds: float = Field(2, gt=0, description="Bound of the first delay.")
    cap_seconds: float = Field(600, gt=0, description="Largest bound of a delay.")
    max_attempts: int = Field(3, ge=1, le=100, description="Attempts of a job that names no `max_attempts`.")
    timeout_seconds: float | None = Field(
        None, gt=0, description="Longest time of an attempt of a job that names no `timeout_seconds`; None bounds none."
    )
    quarantine_after: int = Field(
        2, ge=0, le=100, description="An input that killed this many engines is tried no more; 0 lets it go on."
    )


DAY = 86_400.0


class RetentionSettings(BaseModel):
    """How long things are kept. 0 keeps for ever."""

    files_seconds: float = Field(7 * DAY, ge=0, description="Uploaded files, after their upload.")
    jobs_seconds: float = Field(
        30 * DAY, ge=0, description="Ended jobs with their outputs and history; those of a batch, after its end."
    )
    quarantine_seconds: float = Field(90 * DAY, ge=0, description="Inputs that killed engines, after the last one.")
    orphans_seconds: float = Field(DAY, ge=60, description="Stored bytes that nothing points at.")
