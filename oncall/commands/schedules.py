"""Verbs of schedules: create, edit, delete; the people take turns in the order given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.permissions import require
from core import audit
from core.db import bump, check_version, locked
from core.errors import Conflict, Missing
from oncall import permissions
from oncall.commands import shapes
from oncall.engine.rotation import UNITS
from oncall.models import Schedule, ScheduleMember

MOST_MEMBERS, LONGEST_TURN = 100, 366


@transaction.atomic
def create(
    actor: Actor,
    team: Team,
    *,
    name: str,
    anchor: str,
    members: Sequence[int],
    time_zone: str = "UTC",
    unit: str = "week",
    length: int = 1,
) -> Schedule:
    """Make a schedule; `members` are ids of persons in the order of turns. Raises Invalid for anybody unknown (F56)."""
    require(actor, permissions.SCHEDULE_EDIT, team)
    schedule = Schedule(name=shapes.name(name), team=team)
    _set_turns(schedule, {"anchor": anchor, "time_zone": time_zone, "unit": unit, "length": length})
    ids = _checked(actor, team, members, schedule)
    shapes.store(schedule)
    _write(schedule, ids)
    audit.write(actor, "schedule.create", f"schedule:{schedule.pk}", after=_document(schedule))
    return schedule


@transaction.atomic
def edit(
    actor: Actor,
    schedule: Schedule,
    *,
    version: int | None = None,
    team: Team | None = None,
    name: str | None = None,
    members: Sequence[int] | None = None,
    **turns: Any,
) -> Schedule:
    """Change a schedule; `turns` are anchor, time_zone, unit, length. Escalations see it at their next step (O24).

    Raises Conflict (`stale`) when it has changed since `version`, and Invalid as `create` does.
    """
    require(actor, permissions.SCHEDULE_EDIT, schedule)
    schedule = _locked(schedule)
    check_version(schedule, version)
    before = _document(schedule)
    if team is not None:
        require(actor, permissions.SCHEDULE_EDIT, team)
        schedule.team = team
    if name is not None:
        schedule.name = shapes.name(name)
    _set_turns(schedule, turns)
    ids = None if members is None else _checked(actor, schedule.team, members, schedule)
    bump(schedule)
    shapes.store(schedule)
    if ids is not None:
        _write(schedule, ids)
    said = audit.changed(before, _document(schedule))
    audit.write(actor, "schedule.edit", f"schedule:{schedule.pk}", before=said[0], after=said[1])
    return schedule


@transaction.atomic
def delete(actor: Actor, schedule: Schedule) -> None:
    """Remove a schedule that no policy uses; raises Conflict (`in_use`)."""
    require(actor, permissions.SCHEDULE_EDIT, schedule)
    schedule = _locked(schedule)
    used = list(schedule.targets.values_list("level__policy__name", flat=True).distinct()[:5])
    if used:
        raise Conflict(f"Still used by {', '.join(used)}.", code="in_use", hint="Take it out of these policies first.")
    before, key = _document(schedule), f"schedule:{schedule.pk}"
    schedule.delete()
    audit.write(actor, "schedule.delete", key, before=before)


def _locked(schedule: Schedule) -> Schedule:
    found = locked(Schedule.objects.filter(pk=schedule.pk)).first()
    if found is None:
        raise Missing("There is no such schedule.")
    return found


def _set_turns(schedule: Schedule, turns: dict[str, Any]) -> None:
    checks: dict[str, Callable[[Any], Any]] = {
        "anchor": shapes.anchor,
        "time_zone": shapes.time_zone,
        "unit": lambda value: shapes.choice(value, "unit", UNITS),
        "length": lambda value: shapes.number(value, "length", 1, LONGEST_TURN),
    }
    for field, value in turns.items():
        setattr(schedule, field, checks[field](value))


def _checked(actor: Actor, team: Team, members: Sequence[int], schedule: Schedule) -> list[int]:
    if not 1 <= len(members) <= MOST_MEMBERS:
        raise shapes.wrong("members", f"A schedule needs from 1 to {MOST_MEMBERS} turns.")
    users = shapes.people(members, "members")
    known = set(schedule.members.values_list("user_id", flat=True)) if schedule.pk else set()
    shapes.refuse_outsiders(actor, team, users, known, "members")
    return [user.pk for user in users]


def _write(schedule: Schedule, ids: Sequence[int]) -> None:
    schedule.members.all().delete()
    rows = [ScheduleMember(schedule=schedule, user_id=pk, position=place) for place, pk in enumerate(ids)]
    ScheduleMember.objects.bulk_create(rows)


def _document(schedule: Schedule) -> dict[str, Any]:
    return {
        "name": schedule.name,
        "team": schedule.team_id,
        "time_zone": schedule.time_zone,
        "anchor": schedule.anchor,
        "unit": schedule.unit,
        "length": schedule.length,
        "members": list(schedule.members.order_by("position").values_list("user_id", flat=True)),
    }
