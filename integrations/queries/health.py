"""What the auditor asks of this room (G14, DET-13)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef
from django.db.models.functions import Cast

from core import clock
from core.health import Finding
from core.models import DueRow
from integrations.models import Heartbeat
from integrations.queries.webhooks import paused_by_themselves

LATE = timedelta(minutes=10)
KIND = "heartbeat.overdue"


def unwatched_heartbeats() -> Iterator[Finding]:
    """Heartbeats that should have expired long ago and that nothing in the due queue will look at."""
    alive = DueRow.objects.filter(kind=KIND, state__in=[DueRow.WAITING, DueRow.LEASED], ref=OuterRef("ref"))
    overdue = Heartbeat.objects.filter(state="up", due_at__lt=clock.now() - LATE, service__archived_at=None)
    rows = overdue.annotate(ref=Cast("pk", CharField())).filter(~Exists(alive)).select_related("service")
    for row in rows[:20]:
        yield Finding(f"heartbeat:{row.pk}", f"Nobody watches the heartbeat {row.name} of {row.service.name} any more.")


def paused_webhooks() -> Iterator[Finding]:
    """Webhooks that the portal has paused and nobody has resumed yet."""
    for row in paused_by_themselves()[:20]:
        said = f"The webhook {row.name} is paused: {row.paused_reason}."
        yield Finding(f"webhook:{row.pk}", said)
