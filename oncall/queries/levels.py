"""Levels resolved to people at one moment: schedules are live, the rest is the escalation's own copy (O16, O24)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from oncall.engine.escalation import LevelNow
from oncall.models import EscalationPolicy, Level, Schedule
from oncall.queries.on_call import can_be_on_call, person_on_call, with_members
from oncall.queries.reach import has_way


@dataclass(frozen=True, slots=True)
class Resolved:
    """Levels as they would fire now; `unreachable` holds, per level, the people who are meant but cannot be reached."""

    levels: list[LevelNow]
    people: dict[int, User]
    unreachable: list[tuple[int, ...]]


@dataclass(slots=True)
class _Level:
    found: list[int] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


def copy_of(policy: EscalationPolicy) -> list[dict[str, Any]]:
    """A policy's levels as plain values, for an escalation to keep (O24)."""
    return plain(policy.levels.prefetch_related("targets"))


def plain(levels: Iterable[Level]) -> list[dict[str, Any]]:
    """Levels whose targets have been read ahead as plain values."""
    return [
        {
            "timeout_minutes": level.timeout_minutes,
            "targets": [
                {"kind": "user", "id": target.user_id}
                if target.user_id is not None
                else {"kind": "schedule", "id": target.schedule_id}
                for target in level.targets.all()
            ],
        }
        for level in levels
    ]


def level_of(user: User, timeout_minutes: int) -> list[dict[str, Any]]:
    """One level with one person, for a reassignment to somebody (O28)."""
    return [{"timeout_minutes": timeout_minutes, "targets": [{"kind": "user", "id": user.pk}]}]


def levels_now(levels: Sequence[dict[str, Any]], at: datetime, known: Iterable[Schedule] = ()) -> Resolved:
    """Whom each level would page at an aware time, and why others cannot be (O16, O17, O29).

    `known` are schedules that the caller has read already, with their members.
    """
    schedules = _schedules(levels, {schedule.pk: schedule for schedule in known})
    present = {pk: person_on_call(schedule, at) for pk, schedule in schedules.items()}
    people = people_met(ids_of(levels, "user") | {user.pk for user in present.values() if user is not None})
    return resolve(levels, people, schedules, present)


def resolve(
    levels: Sequence[dict[str, Any]],
    people: Mapping[int, User],
    schedules: Mapping[int, Schedule],
    present: Mapping[int, User | None],
) -> Resolved:
    """The same of what has been read: `people` as `people_met` finds them, `present` by the schedule's id."""
    reached = {pk for pk, row in people.items() if getattr(row, "has_way", False) and can_be_on_call(row)}
    resolved = Resolved([], dict(people), [])
    for level in levels:
        draft = _resolve(level["targets"], people, schedules, present)
        missing = tuple(pk for pk in dict.fromkeys(draft.found) if pk not in reached)
        absent = [*draft.absent, *(f"{people[pk].name} has no working way to be reached" for pk in missing)]
        fit = tuple(pk for pk in draft.found if pk in reached)
        resolved.levels.append(LevelNow(level["timeout_minutes"], fit, tuple(absent)))
        resolved.unreachable.append(missing)
    return resolved


def holes_in(levels: Sequence[LevelNow]) -> list[str]:
    """What would be passed over, in sentences that name the level (O17)."""
    return [
        f"Level {number}: {reason}."
        for number, level in enumerate(levels, 1)
        for reason in level.absent or (() if level.people else ("nobody is on it",))
    ]


def told(levels: Sequence[dict[str, Any]]) -> list[str]:
    """Each level in a line for people: who is asked, and how long it waits; who is gone is said to be."""
    people = dict(User.objects.filter(pk__in=ids_of(levels, "user")).values_list("pk", "name"))
    schedules = dict(Schedule.objects.filter(pk__in=ids_of(levels, "schedule")).values_list("pk", "name"))
    return [
        f"Level {number}: {', '.join(_target(each, people, schedules) for each in level['targets']) or 'nobody'},"
        f" {level['timeout_minutes']} min"
        for number, level in enumerate(levels, 1)
    ]


def _target(target: Mapping[str, Any], people: Mapping[int, str], schedules: Mapping[int, str]) -> str:
    if target["kind"] == "user":
        return people.get(target["id"], "somebody who is gone")
    return schedules.get(target["id"], "a schedule that is gone")


def ids_of(levels: Sequence[dict[str, Any]], kind: str) -> set[int]:
    """The persons or the schedules that these levels name."""
    return {target["id"] for level in levels for target in level["targets"] if target["kind"] == kind}


def _schedules(levels: Sequence[dict[str, Any]], known: dict[int, Schedule]) -> dict[int, Schedule]:
    missing = ids_of(levels, "schedule") - set(known)
    return {**known, **{schedule.pk: schedule for schedule in with_members(missing)}}


def people_met(ids: Iterable[int]) -> dict[int, User]:
    """Everybody whom a level means, by id; `has_way` says who can be reached now: one query (O29)."""
    return {row.pk: row for row in User.objects.filter(pk__in=set(ids)).annotate(has_way=has_way())}


def _resolve(
    targets: Sequence[dict[str, Any]],
    people: Mapping[int, User],
    schedules: Mapping[int, Schedule],
    present: Mapping[int, User | None],
) -> _Level:
    level = _Level()
    for target in targets:
        if target["kind"] == "user":
            _take(level, people.get(target["id"]), "a person on it is gone")
        elif target["id"] not in schedules:
            level.absent.append("a schedule on it was deleted")
        else:
            user = present[target["id"]]
            _take(level, people.get(user.pk) if user else None, f"nobody is on call in {schedules[target['id']].name}")
    return level


def _take(level: _Level, user: User | None, otherwise: str) -> None:
    if user is None:
        level.absent.append(otherwise)
    elif not can_be_on_call(user):
        level.absent.append(
            f"{user.name} has been deactivated" if not user.is_active else f"{user.name} is no responder"
        )
    else:
        level.found.append(user.pk)
