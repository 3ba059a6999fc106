"""Rules that give events their priority, and rules that make one incident of many alerts."""

from __future__ import annotations

from django.db import models

from incidents.models.priorities import Priority
from oncall.models import Service

FIELD_HELP = "summary, severity, source, component, group, class, key, tool or details.<path>"


class EventRule(models.Model):
    """Ordered, first match wins; a service's own rules come before the general ones (DET-06, TRI-06)."""

    service = models.ForeignKey(Service, null=True, blank=True, on_delete=models.CASCADE, related_name="event_rules")
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(default=100)
    enabled = models.BooleanField(default=True)
    field = models.CharField(max_length=120, help_text=FIELD_HELP)
    operator = models.CharField(
        max_length=10,
        choices=[
            ("equals", "is"),
            ("contains", "contains"),
            ("matches", "matches the pattern"),
            ("exists", "is present"),
        ],
        default="contains",
    )
    value = models.CharField(max_length=500, blank=True, default="")
    priority = models.ForeignKey(Priority, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    urgency = models.CharField(
        max_length=5, blank=True, default="", choices=[("", "—"), ("high", "High"), ("low", "Low")]
    )
    informational = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        """The service's team; general rules belong to the process owner."""
        return self.service.team_id if self.service else None


class GroupingRule(models.Model):
    """How alerts of one service become one incident (DET-07, O37)."""

    service = models.OneToOneField(Service, on_delete=models.CASCADE, related_name="grouping")
    mode = models.CharField(
        max_length=8,
        choices=[
            ("tool", "The tool's own group"),
            ("none", "No grouping"),
            ("fields", "By fields"),
            ("window", "By time window"),
        ],
        default="tool",
    )
    fields = models.JSONField(default=list, blank=True)
    window_minutes = models.PositiveIntegerField(default=10)
    version = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return f"grouping of {self.service}"

    @property
    def owning_team_id(self) -> int:
        """The service's team."""
        return self.service.team_id
