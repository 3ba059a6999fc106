"""Levels resolved to people at one moment: schedules are live, the rest is the escalation's own copy (O16, O24)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from oncall.engine.escalation import LevelNow
from oncall.models import EscalationPolicy, Schedule
from oncall.queries.on_call import can_be_on_call, person_on_call, with_members
from oncall.queries.reach import reachable_ids


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
        for level in policy.levels.prefetch_related("targets")
    ]


def level_of(user: User, timeout_minutes: int) -> list[dict[str, Any]]:
    """One level with one person, for a reassignment to somebody (O28)."""
    return [{"timeout_minutes": timeout_minutes, "targets": [{"kind": "user", "id": user.pk}]}]


def levels_now(levels: Sequence[dict[str, Any]], at: datetime, known: Iterable[Schedule] = ()) -> Resolved:
    """Whom each level would page at an aware time, and why others cannot be (O16, O17, O29).

    `known` are schedules that the caller has read already, with their members.
    """
    people, schedules = _read(levels, {schedule.pk: schedule for schedule in known})
    drafts = [_resolve(level["targets"], people, schedules, at) for level in levels]
    reached = reachable_ids(pk for draft in drafts for pk in draft.found)
    resolved = Resolved([], people, [])
    for level, draft in zip(levels, drafts, strict=True):
        missing = tuple(pk for pk in dict.fromkeys(draft.found) if pk not in reached)
        absent = [*draft.absent, *(f"{people[pk].name} has no working way to be reached" for pk in missing)]
        fit = tuple(pk for pk in draft.found if pk in reached)
        resolved.levels.append(LevelNow(level["timeout_minutes"], fit, tuple(absent)))
        resolved.unreachable.append(missing)
    return resolved


def _read(levels: Sequence[dict[str, Any]], known: dict[int, Schedule]) -> tuple[dict[int, User], dict[int, Schedule]]:
    targets = [target for level in levels for target in level["targets"]]
    missing = {t["id"] for t in targets if t["kind"] == "schedule"} - set(known)
    schedules = {**known, **{s.pk: s for s in with_members(missing)}}
    people = User.objects.in_bulk({t["id"] for t in targets if t["kind"] == "user"})
    return people, schedules


def _resolve(
    targets: Sequence[dict[str, Any]], people: dict[int, User], schedules: dict[int, Schedule], at: datetime
) -> _Level:
    level = _Level()
    for target in targets:
        if target["kind"] == "user":
            _take(level, people.get(target["id"]), "a person on it is gone")
        elif target["id"] not in schedules:
            level.absent.append("a schedule on it was deleted")
        else:
            schedule = schedules[target["id"]]
            user = person_on_call(schedule, at)
            if user is not None:
                people[user.pk] = user
            _take(level, user, f"nobody is on call in {schedule.name}")
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
