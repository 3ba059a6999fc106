"""Keys and heartbeats as their service's people see them, with the health of each (DET-13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet

from accounts.actors import Actor
from accounts.permissions import can, require
from core import clock
from core.errors import Missing
from integrations import permissions
from integrations.models import Heartbeat, InboundEvent, IntegrationKey
from oncall.models import Service

SPAN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeyHealth:
    """What a key has brought in the last 24 hours; `unknown` counts resolves of keys that nobody knows (O32)."""

    events: int = 0
    refused: int = 0
    unknown: int = 0
    last_event_at: datetime | None = None


def keys_of(actor: Actor, service: Service) -> QuerySet[IntegrationKey]:
    """The service's keys, revoked ones included, never their text; raises Forbidden."""
    require(actor, permissions.KEY_SEE, service)
    return IntegrationKey.objects.filter(service=service).select_related("service").order_by("pk")


def may_see_intake(actor: Actor, service: Service) -> bool:
    """Whether the part Intake of a service's page is for this viewer."""
    return can(actor, permissions.KEY_SEE, service)


def key_seen_by(actor: Actor, pk: int) -> IntegrationKey:
    """One key; raises Missing where there is none that this actor may see."""
    found = IntegrationKey.objects.select_related("service").filter(pk=pk).first()
    if found is None or not can(actor, permissions.KEY_SEE, found):
        raise Missing("There is no such key.")
    return found


def heartbeats_of(actor: Actor, service: Service) -> QuerySet[Heartbeat]:
    """The service's heartbeats; raises Forbidden."""
    require(actor, permissions.HEARTBEAT_SEE, service)
    return Heartbeat.objects.filter(service=service).select_related("service").order_by("pk")


def heartbeat_seen_by(actor: Actor, pk: int) -> Heartbeat:
    """One heartbeat; raises Missing where there is none that this actor may see."""
    found = Heartbeat.objects.select_related("service").filter(pk=pk).first()
    if found is None or not can(actor, permissions.HEARTBEAT_SEE, found):
        raise Missing("There is no such heartbeat.")
    return found


def key_health(service: Service) -> dict[int, KeyHealth]:
    """The health of each key of a service, by its id, from the last day of the log."""
    recent = InboundEvent.objects.filter(service=service, received_at__gte=clock.now() - SPAN, key__isnull=False)
    figures = recent.values("key_id").annotate(
        events=Count("pk", filter=~Q(outcome="refused")),
        refused=Count("pk", filter=Q(outcome="refused")),
        unknown=Count("pk", filter=Q(outcome="unknown")),
    )
    used = dict(IntegrationKey.objects.filter(service=service).values_list("pk", "last_used_at"))
    found = {row["key_id"]: row for row in figures}
    return {
        pk: KeyHealth(
            **{name: found[pk][name] for name in ("events", "refused", "unknown")} if pk in found else {},
            last_event_at=at,
        )
        for pk, at in used.items()
    }
