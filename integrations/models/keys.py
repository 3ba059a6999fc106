"""Keys with which monitoring tools reach one service."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from core import clock
from oncall.models import Service


class IntegrationKey(models.Model):
    """A write-only key: hashed, shown once, rotated with a time of grace (A45, F54).

    `kind` is the id of an event adapter; it says what the key was made for and what its page explains. `paths` are
    the places that a generic tool keeps its values in. Every change counts up `version`, which intake watches.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="integration_keys")
    kind = models.CharField(max_length=14, default="events")
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

    def __str__(self) -> str:
        return f"{self.name or self.kind} {self.prefix}…"

    @property
    def owning_team_id(self) -> int:
        """The service's team."""
        return self.service.team_id

    def opens_at(self, at: datetime) -> bool:
        """Whether the key is accepted at an aware time: not revoked, and not past its time of grace."""
        return self.revoked_at is None and (self.valid_until is None or at < self.valid_until)
