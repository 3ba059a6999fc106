"""Keys with which monitoring tools reach one service."""

from __future__ import annotations

from django.db import models

from core import clock
from oncall.models import Service

KINDS = (
    ("events", "PagerDuty Events API v2"),
    ("alertmanager", "Prometheus Alertmanager"),
    ("grafana", "Grafana"),
    ("opsgenie", "Opsgenie"),
    ("generic", "Generic JSON"),
)


class IntegrationKey(models.Model):
    """A write-only key: hashed, shown once, rotated with a time of grace (A45, F54)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="integration_keys")
    kind = models.CharField(max_length=14, choices=KINDS, default="events")
    name = models.CharField(max_length=80, blank=True, default="")
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    paths = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    valid_until = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["pk"]

    @property
    def owning_team_id(self) -> int:
        """The service's team."""
        return self.service.team_id
