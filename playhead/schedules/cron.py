"""Cron expressions in a time zone, whose clocks go forward and back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from playhead.errors import InvalidError

FIELDS = (5, 6)
LEAP = timedelta(hours=25)
"""More than any clock was ever set forward or back at once: Samoa left out a day."""
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
        try:
            return self._by_time(moment) if self._is_of_every_hour else self._by_wall(moment)
        except StopIteration:
            raise InvalidError(f"{self.expression!r} names no time that ever comes", field="cron") from None

    @cached_property
    def _zone(self) -> tzinfo:
        try:
            return ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):  # Not only of none: also of a folder of them.
            told = f"there is no time zone {self.timezone!r}: give a name like Europe/Berlin"
            raise InvalidError(told, field="timezone") from None

    @property
    def _is_of_every_hour(self) -> bool:
        return self.expression.split()[_HOUR] == "*"

    def _by_time(self, moment: datetime) -> datetime:
        return next(CronSim(self.expression, moment.astimezone(self._zone))).astimezone(UTC)

    def _by_wall(self, moment: datetime) -> datetime:
        found = None
        for wall in CronSim(self.expression, self._before(moment)):
            if found is not None and wall >= _shown(found, self._zone):
                break  # Those that were leapt over come after some that were not; here both are through.
            # Of a time that is shown twice the first, and of one that is leapt over as much later: PEP 495, fold=0.
            at = wall.replace(tzinfo=self._zone).astimezone(UTC)
            if at > moment:
                found = at if found is None else min(found, at)
        if found is None:
            raise StopIteration
        return found

    def _before(self, moment: datetime) -> datetime:
        """Where the clock on the wall was before all times that may come after this moment."""
        offsets = {at.astimezone(self._zone).utcoffset() for at in (moment, moment - LEAP)}
        return _shown(moment if len(offsets) == 1 else moment - LEAP, self._zone)


def _shown(moment: datetime, zone: tzinfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None)
