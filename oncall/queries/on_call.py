"""Who is on call: computed from the wall clock at the moment of asking, never stored (O7, O12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from accounts.models import User
from core import clock, joined
from oncall.engine import rotation
from oncall.engine.rotation import Member, Rotation, Shift
from oncall.models import Schedule

MOST_SHIFTS = 1000
AHEAD = "members_in_order"  # where `members_ahead` leaves them


@dataclass(frozen=True, slots=True)
class OnCall:
    """A person's present turn, in UTC; `until` is None where nobody else ever takes over."""

    user: User
    since: datetime
    until: datetime | None


def rotation_of(schedule: Schedule) -> Rotation:
    """The schedule as the engine takes it; raises ValueError for a broken anchor or zone."""
    anchor = datetime.fromisoformat(schedule.anchor)
    return Rotation(anchor, schedule.unit, schedule.length, schedule.time_zone)


def can_be_on_call(user: User) -> bool:
    """Active and staff: a stakeholder cannot answer for anything."""
    return user.is_active and user.role != "stakeholder"


def members_of(schedule: Schedule, people: Sequence[User] | None = None) -> tuple[list[Member], dict[int, User]]:
    """The places in order, and the people by id; uses what has been read ahead, or the `people` given."""
    if people is None:
        people = vars(schedule).get(AHEAD)
    if people is None:
        people = [member.user for member in schedule.members.all()]
    return [Member(user.pk, can_be_on_call(user)) for user in people], {user.pk: user for user in people}


def with_members(ids: Iterable[int] | None = None) -> list[Schedule]:
    """Schedules (default: all) with their members read ahead, in one query."""
    found = Schedule.objects.select_related("team").order_by("name", "pk")
    return members_ahead(found if ids is None else found.filter(pk__in=list(ids)))


def members_ahead(schedules: QuerySet[Schedule]) -> list[Schedule]:
    """Ordered schedules, each with those who take turns in it for `members_of`; one query."""
    rows = schedules.prefetch_related(None).annotate(**joined.columns(User, "members__user", "member"))
    found: dict[int, Schedule] = {}
    for row in rows.order_by(*schedules.query.order_by, "members__position"):
        people = vars(found.setdefault(row.pk, row)).setdefault(AHEAD, [])
        member = joined.taken(User, row, "member")
        people += [member] if member is not None else []
    return list(found.values())


def on_call_now(schedule: Schedule, at: datetime | None = None, known: Sequence[User] | None = None) -> OnCall | None:
    """Who is on call at an aware time (default: now), since when and until when; None is a gap (O12).

    `known` are its members in order, where the caller has read them.
    """
    members, people = members_of(schedule, known)
    shift = rotation.shift_at(rotation_of(schedule), members, at or clock.now())
    return None if shift is None else OnCall(people[shift.person], shift.since, shift.until)


def person_on_call(schedule: Schedule, at: datetime, known: Sequence[User] | None = None) -> User | None:
    """Only the person: what a level needs when it fires (O16); `known` as above."""
    members, people = members_of(schedule, known)
    found = rotation.on_call(rotation_of(schedule), members, at)
    return None if found is None else people[found]


def next_hand_off(schedule: Schedule, at: datetime | None = None) -> datetime | None:
    """When somebody else takes over (UTC); None where nobody ever does."""
    now = at or clock.now()
    present = on_call_now(schedule, now)
    if present is not None:
        return present.until
    first = rotation.hand_off(rotation_of(schedule), 0)
    return first if first > now else None


def upcoming(schedule: Schedule, days: int = 28) -> list[Shift]:
    """The shifts of the coming days, for previews."""
    members, _ = members_of(schedule)
    now = clock.now()
    return rotation.shifts(rotation_of(schedule), members, now, now + timedelta(days=days), MOST_SHIFTS)
