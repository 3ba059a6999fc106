"""How an actor stands to an incident, and what may be known of it (A57, S34, S36)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.actors import Actor
from accounts.permissions import can
from core.errors import Missing
from incidents import permissions
from incidents.models import Alert, ChangeEvent, Incident, Participant, TimelineEntry
from incidents.models.incidents import IncidentQuerySet
from oncall.models import Service

SERVICE_BOUND = (Incident, Alert, ChangeEvent)


def stands_on_incident(actor: Actor, thing: Any) -> Iterable[str]:
    """IN for people on the incident, OW for an entry's author, IK for the key of that very service.

    Somebody who has become a stakeholder reads on, and moves nothing any more.
    """
    if actor.kind == "integration":
        return _key_columns(actor, thing)
    if actor.user is None or not actor.user.is_active or actor.user.role == "stakeholder":
        return ()
    found = set()
    if _is_on(actor.user.pk, thing):
        found.add("IN")
    if isinstance(thing, TimelineEntry) and thing.actor_user_id == actor.user.pk:
        found.add("OW")
    return found


def _is_on(user_id: int, thing: Any) -> bool:
    """Whether the person is on the thing's incident; participants that were read ahead are not read again."""
    known: Any = thing
    if isinstance(thing, TimelineEntry):
        known = thing.incident if TimelineEntry.incident.is_cached(thing) else None
    if isinstance(known, Incident) and "participants" in getattr(known, "_prefetched_objects_cache", {}):
        return any(row.user_id == user_id for row in known.participants.all())
    incident_id = _incident_id(thing)
    if incident_id is None:
        return False
    return Participant.objects.filter(incident_id=incident_id, user_id=user_id).exists()


def _key_columns(actor: Actor, thing: Any) -> Iterable[str]:
    if isinstance(thing, SERVICE_BOUND):
        return {"IK"} if thing.service_id == actor.service_id else ()
    if isinstance(thing, Service):
        return {"IK"} if thing.pk == actor.service_id else ()
    return ()


def _incident_id(thing: Any) -> int | None:
    if isinstance(thing, Incident):
        return thing.pk
    if isinstance(thing, TimelineEntry | Alert):
        return thing.incident_id
    return None


def incidents_seen_by(actor: Actor) -> IncidentQuerySet:
    """Every incident that the actor may know of, with what lists show; nothing for those without the right."""
    seen = Incident.objects.visible_to(actor).select_related("service__team", "priority")
    return seen if can(actor, permissions.INCIDENT_SEE) else seen.none()


def hidden_incidents(actor: Actor) -> QuerySet[Any]:
    """The subjects (`incident:42`) of private incidents that the actor may not know of (S34)."""
    private = Incident.objects.filter(visibility="private")
    hidden = private.exclude(pk__in=Incident.objects.visible_to(actor).values("pk"))
    key = Concat(Value("incident:"), Cast("number", CharField()), output_field=CharField())
    return hidden.annotate(key=key).values("key")


def known(actor: Actor, other: Incident | None) -> Incident | None:
    """A related incident, or None where the actor may not know that there is one (S34, A62)."""
    if other is None or (other.visibility != "open" and not incidents_seen_by(actor).filter(pk=other.pk).exists()):
        return None
    return other


def incident_seen_by(actor: Actor, number: int) -> Incident:
    """One incident by its number; Missing where there is none or the actor may not know (A57)."""
    found = incidents_seen_by(actor).filter(number=number).first() if 0 < number < 2**31 else None
    if found is None:
        raise Missing("There is no such incident.")
    return found


def sees_still(actor: Actor, path: Mapping[str, Any], body: Any) -> None:
    """Refuse a kept answer of the API about incidents that the actor may not know of by now (S34, A57); raises Missing.

    The path names one by `number`; an answer by `number`, the log of a webhook by `incident`.
    """
    told = [each for each in (body if isinstance(body, list) else [body]) if isinstance(each, dict)]
    named = [path.get("number"), *(each.get(name) for each in told for name in ("number", "incident"))]
    for number in {each for each in named if isinstance(each, int)}:
        incident_seen_by(actor, number)


def audience(actor: Actor, incident: Incident) -> str | None:
    """Which audience of the live page the actor belongs to: responders, stakeholders, or None for nobody."""
    if not incidents_seen_by(actor).filter(pk=incident.pk).exists():
        return None
    return "responders" if can(actor, permissions.INCIDENT_SEE_ALL, incident) else "stakeholders"
