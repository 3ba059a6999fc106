"""What was altered before an incident began and since, nearest in time first (TRI-08, TRI-13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from accounts.actors import Actor
from accounts.permissions import can
from core import clock
from incidents import permissions
from incidents.models import ChangeEvent, Incident
from oncall.models import ServiceDependency

NEAR = timedelta(hours=24)
MOST = 100  # read on each side of the start, the nearest ones
NOUNS = {"deploy": "Deploy", "config": "Configuration", "flag": "Flag", "package": "Package", "infra": "Infrastructure"}


@dataclass(frozen=True, slots=True)
class NearChange:
    """A change and how long before the start it happened, by its own time; negative when after. `steps` away."""

    change: ChangeEvent
    distance: timedelta
    steps: int = 0

    @property
    def is_before(self) -> bool:
        """Whether it was altered before the start, or at that very moment."""
        return self.distance >= timedelta(0)

    @property
    def after(self) -> timedelta:
        """How long after the start it was."""
        return -self.distance

    @property
    def noun(self) -> str:
        """What kind of change it is, in a word."""
        return NOUNS.get(self.change.kind, self.change.kind.capitalize())

    @property
    def link(self) -> str:
        """The first address that came with it, if it is one that a browser may open (A2)."""
        for each in self.change.links or []:
            href = each.get("href") if isinstance(each, dict) else None
            if isinstance(href, str) and href.startswith(("https://", "http://")):
                return href
        return ""


@dataclass(frozen=True, slots=True)
class Changes:
    """All of them in order; `from_alert` says that the start is the first alert and no time that people gave."""

    start: datetime
    rows: Sequence[NearChange]
    from_alert: bool


def changes_around(actor: Actor, incident: Incident) -> Changes:
    """Changes of the service and of what it needs, up to two steps, from a day before the start until now.

    Four queries: the start, what it needs, and on each side of the start the nearest.
    """
    start, source = _start(incident)
    from_alert = incident.alert_count > 0 and source != "edited"
    if not can(actor, permissions.CHANGE_SEE, incident):
        return Changes(start, [], from_alert)
    steps = needed(incident.service_id)
    rows = ChangeEvent.objects.filter(service_id__in=steps).select_related("service")
    earlier = rows.filter(started_at__range=(start - NEAR, start)).order_by("-started_at", "-pk")[:MOST]
    later = rows.filter(started_at__gt=start, started_at__lte=clock.now()).order_by("started_at", "pk")[:MOST]
    found = [NearChange(row, start - row.started_at, steps[row.service_id]) for row in (*earlier, *later)]
    return Changes(start, sorted(found, key=lambda near: abs(near.distance)), from_alert)


def changes_near(actor: Actor, incident: Incident, *, limit: int = 20) -> list[NearChange]:
    """The nearest of them, for programs."""
    return list(changes_around(actor, incident).rows[:limit])


def needed(service_id: int) -> dict[int, int]:
    """Id -> steps of the service itself, of what it needs, and of what that needs; one query."""
    near = Q(service=service_id) | Q(service__dependents__service=service_id)
    return _walked(service_id, _edges(near & _in_use(service_id)), "down")


def needing(service_id: int) -> dict[int, int]:
    """Id -> steps of the service itself, of what needs it, and of what needs that; one query."""
    near = Q(needs=service_id) | Q(needs__dependencies__needs=service_id)
    return _walked(service_id, _edges(near & _in_use(service_id)), "up")


def _edges(wanted: Q) -> QuerySet[ServiceDependency, tuple[int, int]]:
    return ServiceDependency.objects.filter(wanted).values_list("service_id", "needs_id").distinct()


def _in_use(service_id: int) -> Q:
    """Pairs of which both are in use, or are the one asked about: an archived one is on no map."""
    own, other = Q(service=service_id), Q(needs=service_id)
    return (own | Q(service__archived_at__isnull=True)) & (other | Q(needs__archived_at__isnull=True))


def _walked(start: int, edges: QuerySet[ServiceDependency, tuple[int, int]], way: str) -> dict[int, int]:
    steps: dict[int, int] = {start: 0}
    pairs = [(a, b) if way == "down" else (b, a) for a, b in edges]
    for distance in (1, 2):
        for near, far in pairs:
            if steps.get(near) == distance - 1:
                steps.setdefault(far, distance)
    return steps


def _start(incident: Incident) -> tuple[datetime, str]:
    """When it began, and who says so: auto or edited."""
    found = incident.milestones.filter(kind="started").values_list("at", "source").first()
    return found or (incident.created_at, "auto")
