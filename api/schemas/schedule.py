from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, create_model, model_validator

from api.schemas.listing import NextCursor
from playhead.asking.batch import MAX_VALUES
from playhead.asking.inputs import Strict
from playhead.asking.text import check_storable, storable
from playhead.models import Schedule, ScheduleRun
from playhead.schedules.cron import Cron
from playhead.schedules.system import Task

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(storable)]
Expression = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
Zone = Annotated[str, StringConstraints(max_length=100), AfterValidator(storable)]

CRON = "Minute, hour, day, month, weekday, as in cron; six fields have the seconds first."
ZONE = "The time zone that the expression is meant in. A change of its clocks neither skips nor doubles a run."
_REQUEST = "What to submit each time: the body of `POST /api/v1/jobs`, or that of `POST /api/v1/batches`."
_NAME = "Yours to choose."


class _Storable(Strict):
    @model_validator(mode="before")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        check_storable(value, most=MAX_VALUES)
        return value


class ScheduleRequest(_Storable):
    """Work, and the times at which it is to be asked for."""

    name: Name | None = Field(None, description=_NAME, examples=["The morning show"])
    cron: Expression = Field(description=CRON, examples=["0 2 * * *"])
    timezone: Zone = Field("UTC", description=ZONE, examples=["Europe/Berlin"])
    request: Any
    paused: bool = Field(default=False, description="Keep it, but let no run come before it is resumed.")


class ScheduleChange(_Storable):
    """What is to be different from now on; the rest stays."""

    name: Name | None = Field(None, description=_NAME)
    cron: Expression = Field("", description=CRON)
    timezone: Zone = Field("", description=ZONE)
    request: Any = None


def schedule_types(work: Any) -> tuple[type[ScheduleRequest], type[ScheduleChange]]:
    """The types of the bodies; ``work`` is that of what may be scheduled."""
    asked: Any = (work, Field(description=_REQUEST))
    changed: Any = (work, Field(None, description=_REQUEST))
    return (
        create_model("NewSchedule", __base__=ScheduleRequest, request=asked),
        create_model("ChangedSchedule", __base__=ScheduleChange, request=changed),
    )


class ScheduleInfo(BaseModel):
    """Work that is asked for again and again."""

    id: UUID
    name: str | None
    cron: str
    timezone: str
    request: dict[str, Any] | None = Field(description=f"{_REQUEST} Null in lists.")
    next_at: datetime | None = Field(description="When the next run is due; null while it is paused.")
    paused_at: datetime | None = Field(description="Since when it is paused; null if it is not.")
    created_at: datetime

    @classmethod
    def of(cls, schedule: Schedule, *, with_request: bool = True) -> Self:
        """The answer that shows this schedule."""
        shown = cls.model_fields if with_request else cls.model_fields.keys() - {"request"}
        return cls(**{"request": None} | {name: getattr(schedule, name) for name in shown})


class SchedulePage(BaseModel):
    """Some schedules, the newest first."""

    items: list[ScheduleInfo]
    next_cursor: NextCursor


class RunError(BaseModel):
    """Why nothing was made."""

    code: str = Field(examples=["invalid"])
    message: str
    field: str | None = Field(description="What it is about, within the request; null where there is no such.")


class RunInfo(BaseModel):
    """A time that a schedule's work was asked for. It made a job or a batch, or was refused."""

    id: UUID
    due_at: datetime | None = Field(
        description="When it was due: of several that were missed, the first. Null for one beside its times: somebody "
        "asked for it himself, or it says why the schedule is paused."
    )
    at: datetime = Field(description="When it was asked for.")
    job_id: UUID | None
    batch_id: UUID | None
    error: RunError | None

    @classmethod
    def of(cls, run: ScheduleRun) -> Self:
        """The answer that shows this run."""
        error = RunError(**run.error) if run.error else None
        return cls(**{name: getattr(run, name) for name in cls.model_fields if name != "error"}, error=error)


class RunPage(BaseModel):
    """Some runs of a schedule, the newest first."""

    items: list[RunInfo]
    next_cursor: NextCursor


class SystemTask(BaseModel):
    """Something that the workers do by themselves."""

    name: str = Field(examples=["rescue"])
    summary: str
    cron: str = Field(description="In UTC; six fields have the seconds first.")
    last_at: datetime | None = Field(description="When it last had its turn; null if no worker ever ran.")
    next_at: datetime

    @classmethod
    def of(cls, name: str, task: Task, last_at: datetime | None, now: datetime) -> Self:
        """The answer that shows this task."""
        cron = task.beat.value
        next_at = Cron(cron).next_after(now)
        return cls(name=name, summary=task.summary, cron=cron, last_at=last_at, next_at=next_at)


class SystemList(BaseModel):
    """All that they do."""

    items: list[SystemTask]
