"""When a person is on call: what the card at the foot of every page says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from django.db.models import IntegerField, Min, OuterRef, Q, Subquery

from accounts.actors import Actor
from core import clock
from oncall.engine import rotation
from oncall.engine.rotation import Member
from oncall.models import Schedule, ScheduleMember, Target
from oncall.queries.on_call import MOST_SHIFTS, can_be_on_call, rotation_of

AHEAD = timedelta(days=28)


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


def standing_of(actor: Actor) -> Standing:
    """How one person stands on the schedules, in one query; times lie within the next 28 days."""
    if actor.user is None:
        return Standing([], None, somebody=False)
    person = actor.user.pk
    somebody, own = _places(person)
    turns = [turn for turn in (_turn(each, person) for each in own) if turn]
    present = sorted(turns, key=lambda turn: (turn.until is None, turn.until))
    begins = [] if present else list(_begins(own, person))
    return Standing(present, min(begins, default=None), somebody)


def _places(person: int) -> tuple[bool, list[Own]]:
    """Whether anybody stands on any schedule, and the schedules in which this person does, with all in their order."""
    levels = Target.objects.filter(schedule=OuterRef("schedule")).order_by().values("schedule")
    first = levels.annotate(first=Min("level__position")).values("first")
    mine = Q(schedule__in=ScheduleMember.objects.filter(user=person).values("schedule"))
    anybody = Q(pk=Subquery(ScheduleMember.objects.order_by("pk").values("pk")[:1]))
    rows = ScheduleMember.objects.filter(mine | anybody).select_related("schedule", "user")
    rows = rows.annotate(first_level=Subquery(first, output_field=IntegerField()))
    places = list(rows.order_by("schedule__name", "schedule_id", "position"))
    found = []
    for _, group in groupby(places, key=lambda place: place.schedule_id):
        here = list(group)
        members = [Member(place.user_id, can_be_on_call(place.user)) for place in here]
        found.append(Own(here[0].schedule, members, here[0].first_level))
    return bool(places), [each for each in found if any(member.person == person for member in each.members)]


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
