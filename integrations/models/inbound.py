"""What came in, kept for 30 days with secrets masked."""

from __future__ import annotations

from django.db import models

from core import clock
from integrations.models.keys import IntegrationKey
from oncall.models import Service


class InboundEvent(models.Model):
    """One event as it was received, and what became of it."""

    key = models.ForeignKey(IntegrationKey, null=True, on_delete=models.SET_NULL, related_name="inbound")
    service = models.ForeignKey(Service, null=True, on_delete=models.CASCADE, related_name="inbound")
    received_at = models.DateTimeField(default=clock.now)
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
        ]
