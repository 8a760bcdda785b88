from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

import playhead.schedules.cron
from playhead.errors import InvalidError
from playhead.schedules.cron import Cron

BERLIN, NEW_YORK, LORD_HOWE, APIA = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"
ZONES = [BERLIN, NEW_YORK, LORD_HOWE, APIA]
CHANGES = [
    "2026-03-29 01:00",
    "2026-10-25 01:00",
    "2026-03-08 07:00",
    "2026-11-01 06:00",
    "2026-10-03 15:30",
    "2026-04-04 15:00",
    "2011-12-30 10:00",
]
"""When the clocks of one of these zones went forward or back."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ticks(cron: Cron, after: str, count: int) -> list[str]:
    """The next times, as the clock on the wall shows them, with its offset."""
    told, at = [], utc(after)
    for _ in range(count):
        at = cron.next_after(at)
        told.append(at.astimezone(ZoneInfo(cron.timezone)).strftime("%m-%d %H:%M:%S%z"))
    return told


@pytest.mark.parametrize(
    ("expression", "after", "told"),
    [
        ("*/15 * * * *", "2026-11-28 22:50", ["11-28 23:00:00+0000", "11-28 23:15:00+0000"]),
        ("0 2 * * *", "2026-11-28 02:00", ["11-29 02:00:00+0000", "11-30 02:00:00+0000"]),
        ("*/20 * * * * *", "2026-11-28 22:50:10", ["11-28 22:50:20+0000", "11-28 22:50:40+0000"]),
        ("30 0 9 * * MON", "2026-11-28 00:00", ["11-30 09:00:30+0000", "12-07 09:00:30+0000"]),
        ("0 0 29 2 *", "2026-11-28 00:00", ["02-29 00:00:00+0000", "02-29 00:00:00+0000"]),
        ("0 0 L * *", "2028-01-31 00:00", ["02-29 00:00:00+0000", "03-31 00:00:00+0000"]),
    ],
)
def test_times_come_as_the_expression_names_them(expression: str, after: str, told: list[str]) -> None:
    assert ticks(Cron(expression), after, 2) == told


def test_a_leap_day_comes_in_leap_years() -> None:
    cron, at = Cron("0 12 29 2 *"), utc("2095-01-01 00:00")
    years = []
    for _ in range(3):
        at = cron.next_after(at)
        years.append(at.year)
    assert years == [2096, 2104, 2108]


@pytest.mark.parametrize(
    ("cron", "after", "told"),
    [
        (Cron("30 2 * * *", BERLIN), "2026-03-27 12:00", ["03-28 02:30:00+0100", "03-29 03:30:00+0200"]),
        (Cron("0 30 2 * * *", BERLIN), "2026-03-28 12:00", ["03-29 03:30:00+0200", "03-30 02:30:00+0200"]),
        (Cron("15,45 2,3 * * *", BERLIN), "2026-03-28 12:00", ["03-29 03:15:00+0200", "03-29 03:45:00+0200"]),
        (Cron("0 */2 * * *", NEW_YORK), "2026-03-08 05:30", ["03-08 03:00:00-0400", "03-08 04:00:00-0400"]),
        (Cron("15,30 2 * * *", LORD_HOWE), "2026-10-03 12:00", ["10-04 02:30:00+1100", "10-04 02:45:00+1100"]),
        (Cron("0 9 * * *", APIA), "2011-12-29 12:00", ["12-29 09:00:00-1000", "12-31 09:00:00+1400"]),
    ],
)
def test_a_time_that_the_clock_leaps_over_comes_as_much_later(cron: Cron, after: str, told: list[str]) -> None:
    assert ticks(cron, after, 2) == told


@pytest.mark.parametrize(
    ("cron", "after", "told"),
    [
        (Cron("30 2 * * *", BERLIN), "2026-10-24 12:00", ["10-25 02:30:00+0200", "10-26 02:30:00+0100"]),
        (Cron("30 1 * * *", NEW_YORK), "2026-11-01 00:00", ["11-01 01:30:00-0400", "11-02 01:30:00-0500"]),
        (Cron("*/30 2 * * *", BERLIN), "2026-10-25 00:15", ["10-25 02:30:00+0200", "10-26 02:00:00+0100"]),
    ],
)
def test_a_time_that_the_clock_shows_twice_comes_once(cron: Cron, after: str, told: list[str]) -> None:
    assert ticks(cron, after, 2) == told


def test_times_of_every_hour_go_on_through_a_change_of_the_clocks() -> None:
    forward = ticks(Cron("30 * * * *", BERLIN), "2026-03-29 00:00", 3)
    assert forward == ["03-29 01:30:00+0100", "03-29 03:30:00+0200", "03-29 04:30:00+0200"]
    back = ticks(Cron("*/30 * * * *", BERLIN), "2026-10-24 23:45", 5)
    assert [told[6:] for told in back] == [
        "02:00:00+0200",
        "02:30:00+0200",
        "02:00:00+0100",
        "02:30:00+0100",
        "03:00:00+0100",
    ]


@settings(max_examples=25)
@given(
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    zone=st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE, "America/Santiago", "Africa/Cairo", "Asia/Kathmandu"]),
    year=st.integers(2020, 2035),
)
def test_a_time_of_the_day_comes_once_each_day_whatever_the_clocks_do(
    hour: int, minute: int, zone: str, year: int
) -> None:
    cron, at, days = Cron(f"{minute} {hour} * * *", zone), datetime(year, 1, 1, tzinfo=UTC), []
    while at.year == year:
        at = cron.next_after(at)
        days.append(at.astimezone(ZoneInfo(zone)).date())
    assert all(later - earlier == timedelta(days=1) for earlier, later in itertools.pairwise(days))


@given(
    expression=st.sampled_from(["*/7 * * * *", "15,30 1-3 * * *", "0 */2 * * *", "5 59 1,2 * * *", "0 3 * * SUN"]),
    zone=st.sampled_from([BERLIN, NEW_YORK, LORD_HOWE]),
    minutes=st.floats(0, 525_600),
)
def test_no_time_is_lost_whenever_it_is_asked_for(expression: str, zone: str, minutes: float) -> None:
    """Asked from any moment, the next is the same: nothing depends on when it was asked before."""
    cron, moment = Cron(expression, zone), utc("2026-01-01 00:00") + timedelta(minutes=minutes)
    at = cron.next_after(moment)
    assert at > moment
    assert cron.next_after(at - timedelta(microseconds=1)) == at
    assert cron.next_after(moment + (at - moment) / 2) == at


@settings(max_examples=200)
@given(
    expression=st.sampled_from(
        ["*/7 0-22 * * *", "15,30 1-3 * * *", "0 */2 * * *", "5 59 1,2 * * *", "45 2 * * *", "0,55 2,3 * * *"]
    ),
    zone=st.sampled_from(ZONES),
    change=st.sampled_from(CHANGES),
    minutes=st.integers(-1600, 1600),
)
def test_the_next_time_is_the_first_of_all_that_the_wall_names(
    expression: str, zone: str, change: str, minutes: int
) -> None:
    moment = utc(change) + timedelta(minutes=minutes)
    walls = CronSim(expression, moment.replace(tzinfo=None) - timedelta(days=2))
    some = itertools.takewhile(lambda wall: wall < moment.replace(tzinfo=None) + timedelta(days=4), walls)
    named = [wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) for wall in some]
    assert Cron(expression, zone).next_after(moment) == min(at for at in named if at > moment)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("minutes", [-61, -30, -1, 0, 1, 30, 61, 90, 1200])
def test_no_time_takes_long_to_find(change: str, minutes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever asks for each second would hold up the workers for the day after a change of the clocks."""
    looks = list[None]()

    class Counted(CronSim):
        def __next__(self) -> datetime:
            looks.append(None)
            return super().__next__()

    schedules = [Cron("* * 0-22 * * *", zone) for zone in ZONES]
    monkeypatch.setattr(playhead.schedules.cron, "CronSim", Counted)
    for one in schedules:
        one.next_after(utc(change) + timedelta(minutes=minutes))
    assert len(looks) <= 4 * len(schedules)


@pytest.mark.parametrize(
    ("expression", "timezone", "field"),
    [
        ("", "UTC", "cron"),
        ("* * * *", "UTC", "cron"),
        ("* * * * * * *", "UTC", "cron"),
        ("61 * * * *", "UTC", "cron"),
        ("@daily", "UTC", "cron"),
        ("0 0 30 2 *", "UTC", "cron"),
        ("0 0 31 4 *", BERLIN, "cron"),
        ("0 0 */20 * 1L", "UTC", "cron"),
        ("* * * * *", "Europe/Atlantis", "timezone"),
        ("* * * * *", "", "timezone"),
        ("* * * * *", "Europe", "timezone"),
        ("* * * * *", "../../etc/passwd", "timezone"),
        ("* * * * *", "localtime", "timezone"),
        ("* * * * *", "right/Europe/Berlin", "timezone"),
    ],
)
def test_what_cannot_be_is_refused(expression: str, timezone: str, field: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Cron(expression, timezone)
    assert caught.value.field == field
