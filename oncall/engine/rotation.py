"""Whose turn it is, in closed form: hand-off k is `anchor + k * length` on the wall clock (Part 3, rules 1-4, 8).

Turns are half-open (O5) and a function of time alone, never a counter (O7). Nobody is a value (O12): before the
anchor, and where no member is active.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from oncall.engine.wallclock import instant, wall

UNITS = ("hour", "day", "week", "month")
SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}
MARGIN = timedelta(hours=26)  # Apia once left out a whole day


@dataclass(frozen=True, slots=True)
class Rotation:
    """`anchor` is the first hand-off, naive in `time_zone`; a turn lasts `length` units of hour, day, week, month."""

    anchor: datetime
    unit: str
    length: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class Member:
    """A place in the order of turns; an inactive person's turns go to the next active one (O13)."""

    person: int
    active: bool = True


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's unbroken time on call, in UTC; `until` is None where nobody else ever takes over."""

    person: int
    since: datetime
    until: datetime | None


def hand_off(rotation: Rotation, k: int) -> datetime:
    """The UTC instant at which turn k begins."""
    return instant(_wall_of(rotation, k), rotation.time_zone)


def _wall_of(rotation: Rotation, k: int) -> datetime:
    if rotation.unit != "month":
        return rotation.anchor + SPANS[rotation.unit] * (k * rotation.length)
    months = rotation.anchor.year * 12 + rotation.anchor.month - 1 + k * rotation.length
    year, month = divmod(months, 12)
    # Rule 4: the anchor's day of month, cut where the month is shorter, always counted from the anchor.
    day = min(rotation.anchor.day, calendar.monthrange(year, month + 1)[1])
    return rotation.anchor.replace(year=year, month=month + 1, day=day)


def turn_at(rotation: Rotation, at: datetime) -> int | None:
    """The number of the turn that runs at an aware time; None before the anchor (rule 5)."""
    local = wall(at, rotation.time_zone)
    k = _estimate(rotation, local)
    # The wall clock misleads by the size of a change of offset at most: far from both ends it says the truth.
    if k >= 0 and local - _wall_of(rotation, k) > MARGIN and _wall_of(rotation, k + 1) - local > MARGIN:
        return k
    if at < hand_off(rotation, 0):
        return None
    k = max(0, k)
    while hand_off(rotation, k) > at:
        k -= 1
    while hand_off(rotation, k + 1) <= at:
        k += 1
    return k


def _estimate(rotation: Rotation, local: datetime) -> int:
    if rotation.unit != "month":
        return (local - rotation.anchor) // (SPANS[rotation.unit] * rotation.length)
    months = (local.year - rotation.anchor.year) * 12 + local.month - rotation.anchor.month
    return months // rotation.length


def person_in_turn(members: Sequence[Member], k: int) -> int | None:
    """Who takes turn k: its place in the order, or the next active one after it (rule 8)."""
    for step in range(len(members)):
        member = members[(k + step) % len(members)]
        if member.active:
            return member.person
    return None


def on_call(rotation: Rotation, members: Sequence[Member], at: datetime) -> int | None:
    """Who is on call at an aware time, or None."""
    k = turn_at(rotation, at)
    return None if k is None else person_in_turn(members, k)


def shift_at(rotation: Rotation, members: Sequence[Member], at: datetime) -> Shift | None:
    """The unbroken time of the person on call at an aware time; None where nobody is."""
    k = turn_at(rotation, at)
    person = None if k is None else person_in_turn(members, k)
    if k is None or person is None:
        return None
    if len({member.person for member in members if member.active}) == 1:
        return Shift(person, hand_off(rotation, 0), None)
    first, last = k, k + 1
    while first > 0 and person_in_turn(members, first - 1) == person:
        first -= 1
    while person_in_turn(members, last) == person:
        last += 1
    return Shift(person, hand_off(rotation, first), hand_off(rotation, last))


def shifts(rotation: Rotation, members: Sequence[Member], start: datetime, end: datetime, most: int) -> list[Shift]:
    """At most `most` shifts that touch the half-open span from `start` to `end`, in order."""
    found: list[Shift] = []
    at = max(start, hand_off(rotation, 0)).astimezone(UTC)
    while at < end and len(found) < most:
        shift = shift_at(rotation, members, at)
        if shift is None:
            break
        found.append(shift)
        if shift.until is None:
            break
        at = shift.until
    return found
