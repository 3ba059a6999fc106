"""How services stand: the worst open incident that the viewer may know of."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from accounts.actors import Actor
from accounts.permissions import can
from incidents import permissions
from incidents.models import ChangeEvent, Incident
from incidents.queries.access import incidents_seen_by
from incidents.queries.details import changes_of
from oncall.kinds import OpenSubject, Standing
from oncall.models import Service

MOST = 1000
CHANGES = 5
TONES = {1: ("outage", "Major outage"), 2: ("partial", "Partial outage")}
OTHERWISE = ("degraded", "Degraded")


def standings(actor: Actor, ids: Collection[int] | None) -> Mapping[int, Standing]:
    """Service id -> its standing, for services with an open incident; one query."""
    rows = incidents_seen_by(actor).open()
    if ids is not None:
        rows = rows.filter(service_id__in=ids)
    found: dict[int, list[Incident]] = {}
    for incident in rows.order_by("priority__rank", "created_at")[:MOST]:
        found.setdefault(incident.service_id, []).append(incident)
    return {pk: _standing(incidents) for pk, incidents in found.items()}


def _standing(incidents: list[Incident]) -> Standing:
    tone, words = TONES.get(incidents[0].priority.rank, OTHERWISE)
    return Standing(tone, words, tuple(_subject(incident) for incident in incidents))


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
