from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from playhead.kind import Device, Form, Kind
from playhead.ledger.read import Count, realtime_factor
from playhead.states import State


class KindInfo(BaseModel):
    """A kind of job: what it takes and what it gives."""

    name: str = Field(examples=["transcribe"])
    queue: str = Field(examples=["gpu"])
    summary: str
    accepts: list[Form] = Field(description="What its input may hold.")
    several: bool = Field(description='Whether it takes several inputs, as `{"all": [...]}`.')
    params: dict[str, Any] = Field(description="JSON Schema of `params`.")
    result: dict[str, Any] = Field(description="JSON Schema of `result`.")

    @classmethod
    def of(cls, kind: Kind[Any, Any]) -> Self:
        """The answer that shows this kind."""
        return cls(
            name=kind.name,
            queue=kind.queue,
            summary=kind.summary,
            accepts=sorted(kind.accepts),
            several=kind.several,
            params=kind.params.model_json_schema(),
            result=kind.result.model_json_schema(mode="serialization"),
        )


class KindList(BaseModel):
    """Every kind, by name."""

    items: list[KindInfo]


class WakeInfo(BaseModel):
    """How the hook that wakes workers was called for a queue."""

    model_config = ConfigDict(from_attributes=True)

    pending: bool = Field(description="Whether a call is to be made, or under way.")
    called_at: datetime | None = Field(description="When the last call began; null if there was none.")
    error: str | None = Field(description="Why the last call failed; null if it did not.")


class QueueInfo(BaseModel):
    """How full a queue is, everyone's jobs together."""

    name: str
    device: Device = Field(description="What its work is done on.")
    depth: int = Field(description="Jobs that could run now.")
    running: int
    oldest_age_seconds: float = Field(description="How long the oldest of them has been waiting; 0 if there is none.")
    paused_at: datetime | None = Field(description="Since when it is paused; null if it is not.")
    workers: int = Field(description="Living workers that take jobs from it.")
    wake: WakeInfo | None = Field(description="Of the hook that wakes workers; null where none is set for this queue.")


class DeviceInfo(BaseModel):
    """The work for one class of devices, everyone's jobs together."""

    device: Device
    depth: int = Field(description="Jobs that could run now.")
    running: int


class QueueList(BaseModel):
    """Every queue."""

    items: list[QueueInfo]
    devices: list[DeviceInfo] = Field(description="The same, by what the work is done on.")


class WorkerInfo(BaseModel):
    """A worker that is alive."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str = Field(examples=["worker-1:412"])
    device: str = Field(examples=["NVIDIA H100 80GB"])
    queues: list[str]
    kinds: list[str] | None = Field(description="Kinds of jobs it takes; null for all.")
    concurrency: dict[str, int] = Field(description="Jobs in flight at most, by queue.")
    version: str
    started_at: datetime
    heartbeat_at: datetime = Field(description="When it was last heard of.")


class WorkerList(BaseModel):
    """The living workers, the oldest first."""

    items: list[WorkerInfo]


class Costs(BaseModel):
    """Jobs, and what they cost so far."""

    jobs: int = Field(description="All of them.")
    gpu_seconds: float = Field(description="Device time that they used.")
    audio_seconds: float = Field(description="Audio that they worked on.")
    run_seconds: float = Field(description="Time of their runs, from claim to end.")
    realtime_factor: float | None = Field(
        description="Run time per second of audio, of those that worked on audio: below 1 is faster than it plays."
    )
    input_tokens: int = Field(description="Tokens that language models read for them.")
    output_tokens: int = Field(description="Tokens that they wrote for them.")
    answered: int = Field(description="Jobs that had the result of another at submit.")
    attached: int = Field(description="Jobs that had it later: they came while the other was at it, or had to wait.")
    saved_audio_seconds: float = Field(description="Audio that neither had to work on.")

    @classmethod
    def of(cls, found: Sequence[Count], /, **about: Any) -> Self:
        """The sums of these."""
        names = ("jobs", "gpu_seconds", "audio_seconds", "run_seconds", "input_tokens", "output_tokens")
        summed = (*names, "answered", "attached", "saved_audio_seconds")
        sums = {name: sum(getattr(count, name) for count in found) for name in summed}
        factor = realtime_factor(sum(count.heard_seconds for count in found), sums["audio_seconds"])
        return cls(**sums, realtime_factor=factor, **about)


class JobCount(Costs):
    """The same, of one kind in one state."""

    kind: str
    state: State


class KindCosts(Costs):
    """The same, of one kind."""

    kind: str


class Stats(Costs):
    """Jobs by kind and state. Yours; with an admin key everyone's."""

    counts: list[JobCount]
    kinds: list[KindCosts]

    @classmethod
    def counted(cls, counts: Sequence[Count]) -> Self:
        """The answer that shows these; they are in the order of their kinds."""
        kinds = {kind: list(some) for kind, some in groupby(counts, lambda count: count.kind)}
        return cls.of(
            counts,
            counts=[JobCount.of([count], kind=count.kind, state=count.state) for count in counts],
            kinds=[KindCosts.of(some, kind=kind) for kind, some in kinds.items()],
        )
