"""Wall clock to instant: the one function that every hand-off goes through (Part 3, rules 1 and 2).

A wall time that does not exist becomes the first instant after the gap; one that exists twice means the first.
In other words: the first instant at which the local clock shows that time or a later one, so later wall times
never come earlier.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The time zone of that name; raises ValueError for names that are not in the database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone “{name}”") from error


def instant(wall: datetime, name: str) -> datetime:
    """The UTC instant of a naive local time in the zone `name`."""
    local = zone(name)
    before = wall.replace(tzinfo=local, fold=0).astimezone(UTC)
    if before.astimezone(local).replace(tzinfo=None, fold=0) == wall:
        return before
    # In a gap: read with the offset after it, the same wall time lies before the change.
    after = wall.replace(tzinfo=local, fold=1).astimezone(UTC)
    return _first_after_gap(after, before, local)


def _first_after_gap(early: datetime, late: datetime, local: ZoneInfo) -> datetime:
    """The change of offset between two instants, to the second: `early` lies before it, `late` not."""
    early = early.replace(microsecond=0)
    wanted = late.astimezone(local).utcoffset()
    while late - early > SECOND:
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(local).utcoffset() == wanted:
            late = middle
        else:
            early = middle
    return late.replace(microsecond=0)


def wall(at: datetime, name: str) -> datetime:
    """What the clock on the wall shows in the zone `name` at an aware time, as a naive datetime."""
    return at.astimezone(zone(name)).replace(tzinfo=None, fold=0)
