"""Part 3, rules 1 and 2: a wall time in a gap is the first instant after it, one that exists twice the first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.engine.wallclock import instant, wall, zone

ZONES = [
    "UTC",
    "Europe/London",
    "Europe/Dublin",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
]
walls = st.datetimes(datetime(2000, 1, 1), datetime(2037, 12, 31)).map(lambda d: d.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("name", "local", "expected"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00"),  # gap 02:00-03:00: its end
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),  # fold: the first of the two
        ("Europe/Dublin", "2026-03-29T01:30", "2026-03-29T01:00"),  # negative winter time
        ("Europe/Dublin", "2026-10-25T01:30", "2026-10-25T00:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:30"),  # a gap of half an hour
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),  # a fold of half an hour
        ("Asia/Kathmandu", "2026-06-01T09:00", "2026-06-01T03:15"),
        ("America/Santiago", "2026-09-06T00:00", "2026-09-06T04:00"),  # midnight does not exist
        ("Asia/Beirut", "2026-03-29T00:00", "2026-03-28T22:00"),  # midnight does not exist
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00"),  # a whole day does not exist
    ],
)
def test_o2_gaps_and_folds(name: str, local: str, expected: str) -> None:
    assert instant(datetime.fromisoformat(local), name) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@given(walls, st.sampled_from(ZONES))
def test_o2_is_the_first_instant_that_shows_this_time_or_a_later_one(local: datetime, name: str) -> None:
    found = instant(local, name)
    assert wall(found, name) >= local
    assert wall(found - timedelta(seconds=1), name) < local


@given(walls, st.timedeltas(timedelta(0), timedelta(days=3)), st.sampled_from(ZONES))
def test_later_wall_times_never_come_earlier(local: datetime, later: timedelta, name: str) -> None:
    assert instant(local, name) <= instant(local + later, name)


def test_a4_unknown_zones_are_refused() -> None:
    for name in ("Mars/Olympus", "../../etc/passwd", "", "Europe"):
        with pytest.raises(ValueError, match="unknown time zone"):
            zone(name)
