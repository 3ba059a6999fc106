"""What rests on a person in this room: turns and levels that reach nobody once he or she is shut out (S50, F55)."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import User
from oncall.models import EscalationPolicy, Page, Schedule
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

SHOWN = 5  # names in one sentence


def resting(user: User) -> Iterable[str]:
    """Schedules and policies that name the person, and the pages that wait for an answer; four queries."""
    turns = Schedule.objects.filter(members__user=user).distinct()
    if names := _names(turns.values_list("name", flat=True)):
        yield f"Shifts of theirs are passed over in: {names}."
    levels = EscalationPolicy.objects.filter(levels__targets__user=user).distinct()
    if names := _names(levels.values_list("name", flat=True)):
        yield f"Escalation policies that name {user.name} pass over that place: {names}."
    if names := _names(EscalationPolicy.objects.filter(fallback=user).values_list("name", flat=True)):
        yield f"Escalation policies that lose their last resort: {names}."
    pages = Page.objects.filter(user=user, state__in=OPEN_PAGES, escalation__state__in=LIVE_ESCALATIONS)
    if waiting := pages.count():
        yield f"{waiting} page{'s wait' if waiting > 1 else ' waits'} for an answer: others are paged instead at once."


def _names(found: Iterable[str]) -> str:
    names = sorted(set(found), key=str.casefold)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
