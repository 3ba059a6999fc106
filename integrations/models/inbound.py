"""What came in, kept for 30 days with secrets masked."""

from __future__ import annotations

from django.db import models

from core import clock
from integrations.models.keys import IntegrationKey
from oncall.models import Service

# what became of an event; "accepted" waits for the worker
OUTCOMES = (
    "accepted",
    "opened",
    "grouped",
    "reopened",
    "counted",
    "worse",
    "resolved",
    "acknowledged",
    "unknown",
    "stale",
    "signal",
    "change",
    "flood",
    "echo",
    "refused",
)


class InboundEvent(models.Model):
    """One event as it was received, and what became of it.

    Events that came in one request share `request`; the first of them keeps the body.
    """

    key = models.ForeignKey(IntegrationKey, null=True, on_delete=models.SET_NULL, related_name="inbound")
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="inbound")
    received_at = models.DateTimeField(default=clock.now)
    request = models.CharField(max_length=32, blank=True, default="")
    tool = models.CharField(max_length=14)
    action = models.CharField(max_length=12)
    dedup_key = models.CharField(max_length=255, blank=True, default="")
    body = models.TextField(blank=True, default="")
    outcome = models.CharField(max_length=16, default="accepted")
    detail = models.CharField(max_length=300, blank=True, default="")
    marks = models.JSONField(default=list)
    alert_id = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["service", "-received_at"], name="inbound_service_recent"),
            models.Index(fields=["received_at"], name="inbound_age"),
            # The log of one outcome, newest first: without it a rare one is sought through the whole table.
            models.Index(fields=["outcome", "-id"], name="inbound_outcome_recent"),
            models.Index(fields=["alert_id"], condition=models.Q(outcome="accepted"), name="inbound_waiting"),
        ]

    def __str__(self) -> str:
        return f"{self.tool} {self.action} {self.outcome}"
