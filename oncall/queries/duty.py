"""When a person is on call: what the card at the foot of every page says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import IntegerField, Min, OuterRef, Prefetch, Subquery

from accounts.actors import Actor
from oncall.models import Schedule, ScheduleMember, Target
from oncall.queries.on_call import on_call_now, upcoming


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


def standing_of(actor: Actor) -> Standing:
    """How one person stands on the schedules, in at most two queries; times lie within the next 28 days."""
    if actor.user is None:
        return Standing([], None, somebody=False)
    schedules = _own(actor.user.pk)
    present = [turn for turn in (_turn(schedule, actor.user.pk) for schedule in schedules) if turn]
    present.sort(key=lambda turn: (turn.until is None, turn.until))
    begins = [] if present else list(_begins(schedules, actor.user.pk))
    somebody = bool(schedules) or ScheduleMember.objects.exists()
    return Standing(present, min(begins, default=None), somebody)


def _own(person: int) -> list[Schedule]:
    """The schedules in which somebody stands, each with the lowest level that asks it."""
    levels = Target.objects.filter(schedule=OuterRef("pk")).order_by().values("schedule")
    first = levels.annotate(first=Min("level__position")).values("first")
    mine = ScheduleMember.objects.filter(user=person).values("schedule")
    found = Schedule.objects.filter(pk__in=mine).annotate(first_level=Subquery(first, output_field=IntegerField()))
    return list(found.prefetch_related(Prefetch("members", ScheduleMember.objects.select_related("user"))))


def _turn(schedule: Schedule, person: int) -> Present | None:
    now = on_call_now(schedule)
    if now is None or now.user.pk != person:
        return None
    return Present(schedule.name, getattr(schedule, "first_level", None), now.until)


def _begins(schedules: Iterable[Schedule], person: int) -> Iterable[datetime]:
    """The first turn to come on each schedule."""
    for schedule in schedules:
        yield from [shift.since for shift in upcoming(schedule) if shift.person == person][:1]
