"""A schedule as its page draws it: who has the turn, the next hand-offs, and two weeks as bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from core import clock
from oncall.engine.rotation import shifts
from oncall.engine.wallclock import instant, wall
from oncall.models import Level, Schedule
from oncall.queries.on_call import MOST_SHIFTS, members_of, rotation_of

DAYS = 14
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's unbroken time on call, in UTC; `until` is None where nobody else ever takes over."""

    user: User
    since: datetime
    until: datetime | None
    hue: int = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """A turn, or a gap where `user` is None, on the strip; `start` and `end` are per cent of its width."""

    user: User | None
    start: float
    end: float
    hue: int = 8


@dataclass(frozen=True, slots=True)
class Strip:
    """Two weeks from the Monday before, on the wall clock of the schedule's zone; `now` is per cent of the width."""

    days: list[datetime]
    bars: list[Bar]
    now: float


def hues(schedule: Schedule) -> dict[int, int]:
    """Person id -> hue 1 to 8, in order of joining, so that two people look alike only from the ninth on (design 3)."""
    order = dict.fromkeys(member.user_id for member in schedule.members.all())
    return {pk: place % 8 + 1 for place, pk in enumerate(order)}


def turns(schedule: Schedule, start: datetime, end: datetime) -> list[Turn]:
    """The turns that touch the span, in order; needs the members read ahead."""
    members, people = members_of(schedule)
    found = shifts(rotation_of(schedule), members, start, end, MOST_SHIFTS)
    hue = hues(schedule)
    return [Turn(people[shift.person], shift.since, shift.until, hue[shift.person]) for shift in found]


def next_turns(schedule: Schedule) -> list[Turn]:
    """The turns after the present one, a few of them."""
    now = clock.now()
    return [turn for turn in turns(schedule, now, now + timedelta(days=120)) if turn.since > now][:SHOWN]


def strip(schedule: Schedule) -> Strip:
    """The present and the next week; a long day of a change of clocks takes no more room than another."""
    today = wall(clock.now(), schedule.time_zone)
    first = (today - timedelta(days=today.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    last = first + timedelta(days=DAYS)

    def place(at: datetime) -> float:
        return round(min(100.0, max(0.0, (wall(at, schedule.time_zone) - first) / (last - first) * 100)), 2)

    bars, reached = list[Bar](), 0.0
    for turn in turns(schedule, instant(first, schedule.time_zone), instant(last, schedule.time_zone)):
        start, end = place(turn.since), 100.0 if turn.until is None else place(turn.until)
        if start > reached:
            bars.append(Bar(None, reached, start))
        bars.append(Bar(turn.user, start, end, turn.hue))
        reached = end
    if reached < 100:
        bars.append(Bar(None, reached, 100.0))
    return Strip([first + timedelta(days=n) for n in range(DAYS)], bars, place(clock.now()))


def lasting(schedule: Schedule) -> str:
    """How long each turn is, in words."""
    return f"1 {schedule.unit}" if schedule.length == 1 else f"{schedule.length} {schedule.unit}s"


def levels_using(schedule: Schedule) -> list[Level]:
    """The levels of policies that page this schedule."""
    found = Level.objects.filter(targets__schedule=schedule).select_related("policy")
    return list(found.order_by("policy__name", "position").distinct())
