"""Who is asked next, for many running escalations at once: what a person's board shows beside each page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from core import clock
from oncall.engine.escalation import Position, Step, next_step
from oncall.models import Escalation, Page, Schedule
from oncall.queries.levels import levels_now


@dataclass(frozen=True, slots=True)
class Following:
    """`people` would be paged at `due_at` (UTC), as things look now; nobody named: the last resort's turn."""

    due_at: datetime
    fired_at: datetime | None
    people: list[User]


def who_follows(escalations: Sequence[Escalation], schedules: Iterable[Schedule] = ()) -> dict[int, Following]:
    """Escalation id -> who follows; absent where nothing follows by itself. A fixed number of queries.

    `schedules` are those that the caller has read already, with their members.
    """
    running = [each for each in escalations if each.state == "running" and each.due_at is not None]
    if not running:
        return {}
    found = levels_now([level for each in running for level in each.levels], clock.now(), schedules)
    contacted = _contacted(running)
    result, start = {}, 0
    for each in running:
        levels = found.levels[start : start + len(each.levels)]
        start += len(each.levels)
        step = next_step(levels, Position(each.pass_number, each.level), each.repeats, contacted.get(each.pk, set()))
        people = [found.people[pk] for pk in step.people] if isinstance(step, Step) else []
        result[each.pk] = Following(each.due_at or clock.now(), each.fired_at, people)
    return result


def _contacted(escalations: Sequence[Escalation]) -> dict[int, set[int]]:
    """Escalation id -> the people who were asked in its present pass."""
    passes = {each.pk: each.pass_number for each in escalations}
    asked: dict[int, set[int]] = {}
    rows = Page.objects.filter(escalation_id__in=passes).exclude(state="undeliverable")
    for escalation_id, pass_number, user_id in rows.values_list("escalation_id", "pass_number", "user_id"):
        if passes[escalation_id] == pass_number:
            asked.setdefault(escalation_id, set()).add(user_id)
    return asked
