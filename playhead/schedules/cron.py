"""Cron expressions in a time zone, whose clocks go forward and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, cached_property
from importlib import resources
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from playhead.errors import InvalidError

FIELDS = (5, 6)
LEAP = timedelta(hours=25)
"""More than any clock was ever set forward or back at once: Samoa left out a day."""
_TICK, _NONE = timedelta(seconds=1), timedelta()
_HOUR = -4
"""Place of the hours, from the end: seconds may stand before the minutes."""


@dataclass(frozen=True)
class Cron:
    """Times as Debian's cron understands five fields; six have the seconds first.

    A change of the clocks neither skips nor doubles a time. One whose hours are named is meant by the clock on the
    wall: where that leaps over it, it comes as much later as the clock leapt, and where the clock shows it twice, it
    comes the first time. One of every hour (``*``) is meant by time that passes, and goes on through both.
    """

    expression: str
    timezone: str = "UTC"

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            InvalidError: one of both is none, or no time is ever named; ``field`` says which.
        """
        _ = self._zone
        if len(self.expression.split()) not in FIELDS:
            raise InvalidError("give five fields: minute hour day month weekday; or six, seconds first", field="cron")
        try:
            self.next_after(datetime.now(UTC))
        except CronSimError as error:
            raise InvalidError(f"{self.expression!r} is no cron expression: {error}", field="cron") from None

    def next_after(self, moment: datetime) -> datetime:
        """The first time after this moment, in UTC.

        Raises:
            InvalidError: there is none in fifty years.
        """
        return self._by_time(moment) if self._is_of_every_hour else self._by_wall(moment)

    @cached_property
    def _zone(self) -> tzinfo:
        # Of the names that each process has, whatever the system beside it has: "localtime" is another in each.
        if self.timezone not in _zones():
            told = f"there is no time zone {self.timezone!r}: give a name like Europe/Berlin"
            raise InvalidError(told, field="timezone")
        return ZoneInfo(self.timezone)

    @property
    def _is_of_every_hour(self) -> bool:
        return self.expression.split()[_HOUR] == "*"

    def _by_time(self, moment: datetime) -> datetime:
        return self._named_after(moment.astimezone(self._zone)).astimezone(UTC)

    def _by_wall(self, moment: datetime) -> datetime:
        times = (wall.replace(tzinfo=self._zone).astimezone(UTC) for wall in self._walls(moment))
        # Of a time that is shown twice the first, and of one that is leapt over as much later: PEP 495, fold=0.
        return min(at for at in times if at > moment)

    def _walls(self, moment: datetime) -> Iterator[datetime]:
        """On the wall, the first times after this moment, one of which comes first.

        By the clock as it is, and as it was before a change: that may have leapt over some that are still to come.
        Where one falls into a change, also the first after it: those leapt over come late, those shown twice came once.
        """
        for offset in {at.astimezone(self._zone).utcoffset() or _NONE for at in (moment, moment - LEAP)}:
            wall = self._named_after((moment + offset).replace(tzinfo=None))
            yield wall
            if (end := self._end_of_change(wall)) is not None:
                yield self._named_after(end - _TICK)

    def _end_of_change(self, wall: datetime) -> datetime | None:
        """What the wall shows once no time is leapt over or shown twice any more; None where this one is not."""
        first, second = (wall.replace(tzinfo=self._zone, fold=fold).utcoffset() or _NONE for fold in (0, 1))
        if first == second:
            return None
        before, after = wall.replace(tzinfo=UTC) - max(first, second), wall.replace(tzinfo=UTC) - min(first, second)
        while after - before > _TICK:
            middle = before + (after - before) // 2 // _TICK * _TICK
            before, after = (middle, after) if middle.astimezone(self._zone).utcoffset() == first else (before, middle)
        return (after + max(first, second)).replace(tzinfo=None)

    def _named_after(self, moment: datetime) -> datetime:
        try:
            return next(CronSim(self.expression, moment))
        except StopIteration:
            raise InvalidError(f"{self.expression!r} names no time that ever comes", field="cron") from None


@cache
def _zones() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())
