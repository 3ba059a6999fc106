"""What came in, for the people of the service: masked, without what belongs to private incidents (S34)."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Missing
from incidents.models import Alert, Incident
from integrations import permissions
from integrations.models import InboundEvent
from oncall.models import Service


def inbound_log(actor: Actor, service: Service) -> QuerySet[InboundEvent]:
    """The service's log, newest first; raises Forbidden for people of other teams."""
    require(actor, permissions.INBOUND_SEE, service)
    rows = InboundEvent.objects.filter(service=service).select_related("key").order_by("-pk")
    return _without_private(actor, service, rows)


def inbound_event(actor: Actor, pk: int) -> InboundEvent:
    """One row of the log; raises Missing where there is none that this actor may know of."""
    row = InboundEvent.objects.select_related("service", "key").filter(pk=pk).first()
    if row is None or row.service is None:
        raise Missing("There is no such event.")
    require(actor, permissions.INBOUND_SEE, row.service)
    if not _without_private(actor, row.service, InboundEvent.objects.filter(pk=pk)).exists():
        raise Missing("There is no such event.")
    return row


def body_of(row: InboundEvent) -> str:
    """The body of the request that brought this event; the first event of the request keeps it."""
    if row.body or not row.request:
        return row.body
    same = InboundEvent.objects.filter(service=row.service, received_at=row.received_at, request=row.request)
    return same.exclude(body="").values_list("body", flat=True).first() or ""


def _without_private(actor: Actor, service: Service, rows: QuerySet[InboundEvent]) -> QuerySet[InboundEvent]:
    """Leave out every request of which an event went to a private incident that the actor may not know of."""
    private = Incident.objects.filter(service=service, visibility="private")
    hidden = private.exclude(pk__in=Incident.objects.visible_to(actor).filter(service=service).values("pk"))
    alerts = Alert.objects.filter(incident__in=hidden)
    if not alerts.exists():
        return rows
    requests = InboundEvent.objects.filter(service=service, alert_id__in=alerts.values("pk")).values("request")
    return rows.exclude(request__in=requests)
