"""What monitoring says: one open alert per service and key (O31)."""

from __future__ import annotations

from django.db import models

from core import clock
from incidents.models.incidents import Incident
from oncall.models import Service


class Alert(models.Model):
    """A condition that a tool reports, counted while it lasts (O34).

    `event_at` is the newest time that the tool gave, of a trigger while open and of the resolve after it (O35).
    `judged_severity` is the severity that the rules saw last: a worse one is judged anew (O27).
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="alerts")
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts")
    key = models.CharField(max_length=255)
    state = models.CharField(max_length=10, default="open")
    summary = models.CharField(max_length=1024)
    severity = models.CharField(max_length=8, default="error")
    judged_severity = models.CharField(max_length=8, blank=True, default="")
    source = models.CharField(max_length=255, blank=True, default="")
    component = models.CharField(max_length=255, blank=True, default="")
    group = models.CharField(max_length=255, blank=True, default="")
    kind = models.CharField(max_length=255, blank=True, default="")
    tool_group = models.CharField(max_length=255, blank=True, default="")
    tool = models.CharField(max_length=30, blank=True, default="")
    details = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    marks = models.JSONField(default=list)
    count = models.PositiveIntegerField(default=1)
    first_seen = models.DateTimeField(default=clock.now)
    last_seen = models.DateTimeField(default=clock.now)
    event_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service", "key"], condition=models.Q(state="open"), name="alert_open_once"
            ),
            models.CheckConstraint(condition=models.Q(state__in=["open", "resolved"]), name="alert_state_known"),
        ]
        indexes = [
            models.Index(fields=["service", "key", "-resolved_at"], name="alert_service_key"),
            models.Index(fields=["incident", "state"], name="alert_incident_state"),
            models.Index(fields=["service", "first_seen", "incident"], name="alert_recent"),
            models.Index(
                fields=["service", "severity"],
                condition=models.Q(state="open", incident=None, judged_severity=""),
                name="alert_waiting",
            ),
        ]

    def __str__(self) -> str:
        return self.summary or self.key

    @property
    def owning_team_id(self) -> int:
        """The service's team."""
        return self.service.team_id


class EarlyResolve(models.Model):
    """A timed resolve of a key that was not open: its late trigger opens nothing for a short while (O35, F16)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    event_at = models.DateTimeField()
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["service", "key"], name="early_resolve_once")]

    def __str__(self) -> str:
        return f"early resolve of {self.key}"


class Signal(models.Model):
    """An informational event: feeds triage, opens nothing (DET-12)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="signals")
    summary = models.CharField(max_length=1024)
    source = models.CharField(max_length=255, blank=True, default="")
    details = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [models.Index(fields=["service", "-at"], name="signal_service_recent")]

    def __str__(self) -> str:
        return self.summary


class ChangeEvent(models.Model):
    """A deploy, a flag, a config change: what was altered, when (TRI-08)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="changes")
    summary = models.CharField(max_length=1024)
    source = models.CharField(max_length=255, blank=True, default="")
    kind = models.CharField(max_length=10, default="deploy")
    details = models.JSONField(default=dict)
    links = models.JSONField(default=list)
    started_at = models.DateTimeField(default=clock.now)
    received_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = [
            models.Index(fields=["service", "-started_at"], name="change_service_recent"),
            models.Index(fields=["-started_at"], name="change_recent"),
        ]

    def __str__(self) -> str:
        return self.summary

    @property
    def owning_team_id(self) -> int:
        """The service's team."""
        return self.service.team_id
