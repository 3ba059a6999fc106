"""What came in, for the people of the service: masked, without what belongs to private incidents (S34)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery

from accounts.actors import Actor
from accounts.permissions import can, require
from core.errors import Missing
from incidents.engine.rules import Decision
from incidents.models import Alert, Incident, Priority
from incidents.queries.access import incidents_seen_by
from incidents.queries.priorities import priority_of_rank
from incidents.queries.routing import decision_for
from integrations import permissions
from integrations.models import InboundEvent
from oncall.models import Service
from oncall.queries.services import services_seen_by


def inbound_log(actor: Actor, service: Service) -> QuerySet[InboundEvent]:
    """The service's log, newest first; raises Forbidden for people of other teams."""
    return inbound_of(actor, [service])


def inbound_event(actor: Actor, pk: int) -> InboundEvent:
    """One row of the log; raises Missing where there is none that this actor may know of."""
    row = InboundEvent.objects.select_related("service", "key").filter(pk=pk).first()
    if row is None or row.service is None or not can(actor, permissions.INBOUND_SEE, row.service):
        raise Missing("There is no such event.")
    if not _without_private(actor, [row.service.pk], InboundEvent.objects.filter(pk=pk)).exists():
        raise Missing("There is no such event.")
    return row


def body_of(row: InboundEvent) -> str:
    """The body of the request that brought this event; the first event of the request keeps it."""
    if row.body or not row.request:
        return row.body
    same = InboundEvent.objects.filter(service=row.service, received_at=row.received_at, request=row.request)
    return same.exclude(body="").values_list("body", flat=True).first() or ""


def _without_private(actor: Actor, services: Sequence[int], rows: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
    """Leave out every request of which an event went to a private incident that the actor may not know of.

    What came in one request came at one time: the log's own index finds it, however long the log is.
    """
    private = Incident.objects.filter(service__in=services, visibility="private")
    hidden = private.exclude(pk__in=Incident.objects.visible_to(actor).filter(service__in=services).values("pk"))
    alerts = Alert.objects.filter(incident__in=hidden).values("pk")
    same = {name: OuterRef(name) for name in ("service", "received_at", "request")}
    together = InboundEvent.objects.filter(**same, alert_id__in=alerts).exclude(request="")
    return rows.exclude(alert_id__in=alerts).exclude(Exists(together))


def services_with_log(actor: Actor) -> list[Service]:
    """The services whose inbound log the actor may read: the own teams', or all for those who keep the process."""
    rows = services_seen_by(actor, archived=True).select_related(None).prefetch_related(None)
    return [service for service in rows.order_by("name") if can(actor, permissions.INBOUND_SEE, service)]


def inbound_of(actor: Actor, services: Collection[Service]) -> QuerySet[InboundEvent]:
    """The log of several services without the bodies, newest first; raises Forbidden for any that he may not read.

    Several services are walked by the id alone, which the sum hides from their index: that one would have all that
    they have sorted before the first row is known.
    """
    for service in services:
        require(actor, permissions.INBOUND_SEE, service)
    ids = [service.pk for service in services]
    one = InboundEvent.objects.filter(service__in=ids)
    rows = one if len(ids) == 1 else InboundEvent.objects.alias(of=F("service_id") + 0).filter(of__in=ids)
    return _with_incident(_without_private(actor, ids, rows.defer("body").order_by("-pk")))


def _with_incident(rows: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
    """Each with `incident_number`, where its alert is now: also for events that were only counted or that ended it.

    For rows without those of private incidents, which the callers have left out.
    """
    alerts = Alert.objects.filter(pk=OuterRef("alert_id"))
    return rows.annotate(incident_number=Subquery(alerts.values("incident__number")[:1]))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the portal made of an event: its alert, the incident if the viewer may know it, what the rules say now."""

    alert: Alert
    incident: Incident | None
    decision: Decision
    priority: Priority


def evaluation_of(actor: Actor, row: InboundEvent) -> Evaluation | None:
    """How an event was taken; None where it touched no alert."""
    alert = Alert.objects.select_related("service").filter(pk=row.alert_id).first() if row.alert_id else None
    if alert is None:
        return None
    incident = incidents_seen_by(actor).filter(pk=alert.incident_id).first() if alert.incident_id else None
    decision = decision_for(alert)
    return Evaluation(alert, incident, decision, priority_of_rank(decision.rank))
