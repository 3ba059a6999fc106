"""Dead-man's switches (DET-13, O41)."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from core import clock
from oncall.models import Service


class Heartbeat(models.Model):
    """A tool promises to call every `interval_seconds`; silence beyond the grace opens an incident."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="heartbeats")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    interval_seconds = models.PositiveIntegerField(default=300)
    grace_seconds = models.PositiveIntegerField(default=60)
    state = models.CharField(max_length=8, default="new")
    last_ping_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["service", "name"], name="heartbeat_name_once"),
            models.CheckConstraint(
                condition=models.Q(state__in=["new", "up", "down", "paused"]), name="heartbeat_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def interval(self) -> timedelta:
        """How often a sign of life is due."""
        return timedelta(seconds=self.interval_seconds)

    @property
    def grace(self) -> timedelta:
        """How much longer silence is borne."""
        return timedelta(seconds=self.grace_seconds)

    @property
    def owning_team_id(self) -> int:
        """The service's team."""
        return self.service.team_id
