"""How services stand: the worst open incident that the viewer may know of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Count, Exists, FilteredRelation, Max, Min, OuterRef, Q, When

from accounts.actors import Actor
from accounts.permissions import can
from core import clock
from incidents import permissions
from incidents.models import ChangeEvent, Incident
from incidents.models.incidents import IncidentQuerySet
from incidents.queries.access import incidents_seen_by
from incidents.queries.boards import Scope
from incidents.queries.details import changes_of
from oncall.kinds import OpenSubject, Standing
from oncall.models import Service

MOST = 1000
CHANGES = 5
TONES = {1: ("outage", "Major outage"), 2: ("partial", "Partial outage")}
OTHERWISE = ("degraded", "Degraded")
SPAN = timedelta(hours=3)
PARTS = 9  # of twenty minutes each
SHORT = {"outage": "Major", "partial": "Partial", "degraded": "Degraded", "ok": "Healthy"}


def standings(actor: Actor, ids: Collection[int] | None) -> Mapping[int, Standing]:
    """Service id -> its standing, for services with an open incident; one query."""
    rows = incidents_seen_by(actor).open()
    if ids is None:
        return _briefly(rows)
    found: dict[int, list[Incident]] = {}
    for incident in rows.filter(service_id__in=ids).order_by("priority__rank", "created_at")[:MOST]:
        found.setdefault(incident.service_id, []).append(incident)
    return {pk: _standing(incidents) for pk, incidents in found.items()}


def _briefly(rows: IncidentQuerySet) -> Mapping[int, Standing]:
    """Counted by the database: in a storm there may be thousands, and each service has to be right."""
    by_service: Any = rows.select_related(None).order_by().values("service_id")
    figures = by_service.annotate(rank=Min("priority__rank"), open=Count("pk"), number=Max("number"))
    found = figures.values_list("service_id", "rank", "open", "number")
    return {
        pk: Standing(*TONES.get(rank, OTHERWISE), (), count, str(Incident(number=number)) if count == 1 else "")
        for pk, rank, count, number in found
    }


def _standing(incidents: list[Incident]) -> Standing:
    tone, words = TONES.get(incidents[0].priority.rank, OTHERWISE)
    subjects = tuple(_subject(incident) for incident in incidents)
    return Standing(tone, words, subjects, len(incidents), str(incidents[0]) if len(incidents) == 1 else "")


def _subject(incident: Incident) -> OpenSubject:
    return OpenSubject(
        name=str(incident),
        title=incident.title,
        path=f"/incidents/{incident.number}/",
        rank=incident.priority.rank,
        priority_name=incident.priority.name,
        status=incident.status,
    )


def may_see_rules(actor: Actor, service: Service) -> bool:
    """Whether the part Rules of a service's page is for this viewer."""
    return can(actor, permissions.RULE_SEE, service)


def recent_changes(actor: Actor, service: Service) -> list[ChangeEvent]:
    """The last changes of a service, for its page."""
    return list(changes_of(actor, service)[:CHANGES])


@dataclass(frozen=True, slots=True)
class Health:
    """A service in a line: how it stands, and its new alerts of the last three hours in twenty minutes each."""

    pk: int
    name: str
    tone: str
    alerts: tuple[int, ...]

    @property
    def words(self) -> str:
        """How it stands, in a word."""
        return SHORT[self.tone]

    @property
    def is_unwell(self) -> bool:
        """Whether something of it is open."""
        return self.tone != "ok"


def health_of(actor: Actor, scope: Scope, worst: Mapping[int, int], limit: int) -> list[Health]:
    """The services of the scope that need a look first: worst, then most alerts, then by name; one query.

    `worst` is service id -> highest rank of its open incidents, as the viewer may know. Alerts of private incidents
    of others are not counted (A62).
    """
    if not can(actor, permissions.ALERT_SEE):
        return []
    rows = Service.objects.filter(archived_at__isnull=True)
    if scope.teams is not None:
        rows = rows.filter(team_id__in=sorted(scope.teams))
    start = clock.now() - SPAN
    rows = rows.annotate(
        recent=FilteredRelation("alerts", condition=Q(alerts__first_seen__gt=start)), part=_part(start)
    )
    own = Exists(Incident.objects.visible_to(actor).filter(pk=OuterRef("recent__incident_id")))
    told = Q(recent__incident__isnull=True) | Q(recent__incident__visibility="open") | Q(own)
    parts = rows.order_by().values("pk", "name", "part").annotate(how_many=Count("recent", filter=told))
    names: dict[int, str] = {}
    alerts: dict[int, list[int]] = {}
    for pk, name, part, count in parts.values_list("pk", "name", "part", "how_many"):
        names[pk] = name
        alerts.setdefault(pk, [0] * PARTS)[part or 0] += count
    found = [Health(pk, name, _tone(worst.get(pk)), tuple(alerts[pk])) for pk, name in names.items()]
    return sorted(found, key=lambda each: (worst.get(each.pk, 9), -sum(each.alerts), each.name))[:limit]


def _part(start: datetime) -> Case:
    """Which of the parts since `start` an alert came in."""
    begun = [When(recent__first_seen__gt=start + SPAN * n / PARTS, then=n) for n in reversed(range(1, PARTS))]
    return Case(*begun, default=0)


def _tone(rank: int | None) -> str:
    return "ok" if rank is None else TONES.get(rank, OTHERWISE)[0]
