"""When a person is on call: what the card at the foot of every page says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Exists, IntegerField, Min, OuterRef, QuerySet, Subquery

from accounts.models import User
from core import clock
from oncall.engine import rotation
from oncall.engine.rotation import Member
from oncall.models import Schedule, ScheduleMember, Target
from oncall.queries.on_call import MOST_SHIFTS, can_be_on_call, rotation_of

AHEAD = timedelta(days=28)
SCHEDULE, MEMBERS = "turns__schedule__", "turns__schedule__members__"
TURNING = ("pk", "name", "team_id", "time_zone", "anchor", "unit", "length")


@dataclass(frozen=True, slots=True)
class Present:
    """A turn that runs: the schedule, the first level that asks it (None: no policy does), its end in UTC."""

    schedule: str
    level: int | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Present turns, the one that ends first in front; the begin (UTC) of the next one; whether anybody has any."""

    present: list[Present]
    next_at: datetime | None
    somebody: bool


@dataclass(frozen=True, slots=True)
class Own:
    """A schedule with everybody who takes turns, in their order, and the first level that asks it."""

    schedule: Schedule
    members: list[Member]
    level: int | None


def places_of(person: int) -> QuerySet[User, dict[str, Any]]:
    """What `standing_from` reads: the person beside everybody with whom he or she takes turns, as plain values.

    There is one row at least, also for who takes no turns, so that other figures of the person can be read with it.
    """
    levels = Target.objects.filter(schedule=OuterRef("turns__schedule_id")).order_by().values("schedule")
    first = levels.annotate(first=Min("level__position")).values("first")
    rows: Any = User.objects.filter(pk=person).order_by(f"{SCHEDULE}name", f"{SCHEDULE}pk", f"{MEMBERS}position")
    found: QuerySet[User, dict[str, Any]] = rows.values(
        *(f"{SCHEDULE}{name}" for name in TURNING),
        *(f"{MEMBERS}{name}" for name in ("position", "user_id", "user__is_active", "user__role")),
        somebody=Exists(ScheduleMember.objects.all()),
        first_level=Subquery(first, output_field=IntegerField()),
    )
    return found


def standing_from(person: int, places: Iterable[Mapping[str, Any]]) -> Standing:
    """How one person stands on the schedules, by the rows of `places_of`; times lie within the next 28 days."""
    rows = list(places)
    own = [_own(list(group)) for pk, group in groupby(rows, key=itemgetter(f"{SCHEDULE}pk")) if pk is not None]
    turns = [turn for turn in (_turn(each, person) for each in own) if turn]
    present = sorted(turns, key=lambda turn: (turn.until is None, turn.until))
    begins = [] if present else list(_begins(own, person))
    return Standing(present, min(begins, default=None), somebody=any(row["somebody"] for row in rows))


def _own(rows: Sequence[Mapping[str, Any]]) -> Own:
    """One schedule; whoever takes several turns in it finds each of its places as often, and it counts once."""
    members = {
        row[f"{MEMBERS}position"]: Member(
            row[f"{MEMBERS}user_id"],
            can_be_on_call(User(is_active=row[f"{MEMBERS}user__is_active"], role=row[f"{MEMBERS}user__role"])),
        )
        for row in rows
    }
    schedule = Schedule(**{name: rows[0][f"{SCHEDULE}{name}"] for name in TURNING})
    return Own(schedule, list(members.values()), rows[0]["first_level"])


def _turn(own: Own, person: int) -> Present | None:
    shift = rotation.shift_at(rotation_of(own.schedule), own.members, clock.now())
    if shift is None or shift.person != person:
        return None
    return Present(own.schedule.name, own.level, shift.until)


def _begins(places: Iterable[Own], person: int) -> Iterable[datetime]:
    """The first turn to come on each schedule."""
    now = clock.now()
    for own in places:
        shifts = rotation.shifts(rotation_of(own.schedule), own.members, now, now + AHEAD, MOST_SHIFTS)
        yield from [shift.since for shift in shifts if shift.person == person][:1]
