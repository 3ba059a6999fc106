"""The list of incidents: filters from the address, pages by key, newest first (TRI-04, A13, A66)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from accounts.actors import Actor
from core.api.filters import LONGEST, Filter, choice, condition, flag, number
from core.text import clean_text
from incidents.models.incidents import STATUSES, IncidentQuerySet
from incidents.queries.access import incidents_seen_by
from incidents.queries.boards import Row, rows_of
from incidents.states import OPEN

PAGE = 50
VIEWS = ("open", "snoozed", "all", *STATUSES)


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the list; `older` is the number below which the next page begins, None at the end."""

    rows: list[Row]
    older: int | None


FILTERS: Mapping[str, Filter] = {
    "priority": number("priority__rank"),
    "major": flag("is_major"),
    "service": number("service_id"),
    "team": number("service__team_id"),
    "before": number("number__lt"),
}


def incidents_found(actor: Actor, given: Mapping[str, str]) -> Found:
    """What the actor may see and asked for; `given` maps parameters to values, empty ones do not count.

    Raises Invalid for a value that no control of the page sends.
    """
    rows = _of_status(incidents_seen_by(actor), given.get("status") or "open")
    for name, wanted in FILTERS.items():
        if given.get(name):
            rows = rows.filter(condition(name, wanted, [given[name]]))
    if given.get("text"):
        rows = rows.filter(_holding(given["text"]))
    found = list(rows.order_by("-number")[: PAGE + 1])
    shown = found[:PAGE]
    return Found(rows_of(actor, shown), shown[-1].number if len(found) > PAGE else None)


def _of_status(rows: IncidentQuerySet, status: str) -> IncidentQuerySet:
    condition("status", choice("status", VIEWS), [status])
    if status == "all":
        return rows
    if status == "snoozed":
        return rows.filter(status="acknowledged", snoozed_until__isnull=False)
    return rows.filter(status__in=OPEN) if status == "open" else rows.filter(status=status)


def _holding(text: str) -> Q:
    """A number such as 42 or INC-42, or words of the title."""
    wanted = clean_text(text, LONGEST, "text").strip()
    digits = wanted.upper().removeprefix("INC-").removeprefix("#")
    if digits.isascii() and digits.isdigit() and len(digits) <= 9:
        return Q(number=int(digits)) | Q(title__icontains=wanted)
    return Q(title__icontains=wanted)
