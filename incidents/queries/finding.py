"""Incidents for the command palette: by number, or by words of the title among the newest."""

from __future__ import annotations

from django.db.models import Subquery

from accounts.actors import Actor
from core.web.finding import Hit
from incidents.models import Incident
from incidents.queries.access import incidents_seen_by

#: How far back titles are looked through: the list's search knows all of them, the palette must answer at once.
NEWEST = 3000
HIGHEST = 2**31


def incidents_holding(actor: Actor, text: str, limit: int) -> list[Hit]:
    """Incidents of this number, then those whose number begins with it, then recent ones with the text in the title."""
    digits = text.upper().removeprefix("INC-").removeprefix("#")
    numbers = _numbers(digits)
    rows = incidents_seen_by(actor)
    found = list(rows.filter(number__in=numbers).order_by("number")[:limit]) if numbers else []
    if len(found) < limit:
        newest = Subquery(Incident.objects.order_by("-number").values("number")[:1])
        known = [incident.pk for incident in found]
        recent = rows.filter(number__gt=newest - NEWEST, title__icontains=text).exclude(pk__in=known)
        found += recent.order_by("-number")[: limit - len(found)]
    return [_hit(incident) for incident in found]


def _numbers(digits: str) -> list[int]:
    """The number itself and those that have up to two digits more: looked up by the index, never counted through."""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        return []
    first = int(digits)
    return [n for width in (1, 10, 100) for n in range(first * width, (first + 1) * width) if 0 < n < HIGHEST]


def _hit(incident: Incident) -> Hit:
    path = f"/incidents/{incident.number}/"
    return Hit(incident.title, path, "alert", str(incident), incident.priority.rank, incident.priority.name)
