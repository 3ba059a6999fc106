"""What can break, and who answers for it."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Lower

from accounts.models import Team
from oncall.models.policies import EscalationPolicy


class Service(models.Model):
    """A thing that our users own: a team answers for it, a policy says who is paged."""

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="services")
    policy = models.ForeignKey(
        EscalationPolicy, null=True, blank=True, on_delete=models.PROTECT, related_name="services"
    )
    urgency = models.CharField(
        max_length=12,
        choices=[("priority", "By the incident's priority"), ("high", "Always high"), ("low", "Always low")],
        default="priority",
    )
    ack_timeout_minutes = models.PositiveIntegerField(null=True, blank=True)
    reopen_window_minutes = models.PositiveIntegerField(default=30)
    quiet_resolve_seconds = models.PositiveIntegerField(default=60)
    customer_facing = models.BooleanField(default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="service_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int:
        """The team whose managers may change it."""
        return self.team_id


class ServiceDependency(models.Model):
    """`service` needs `needs` to work; cycles are refused (A83)."""

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependencies")
    needs = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="dependents")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["service", "needs"], name="dependency_once"),
            models.CheckConstraint(condition=~models.Q(service=models.F("needs")), name="dependency_not_self"),
        ]

    def __str__(self) -> str:
        return f"{self.service} needs {self.needs}"
