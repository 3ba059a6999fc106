"""API tokens and the one row that says whether the portal has been set up."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models

from core import clock


class ApiToken(models.Model):
    """A key for programs: hashed, scoped, expiring; shown once."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_usable(self, at: datetime) -> bool:
        """Whether it opens anything at an aware time: not revoked, not expired (A44)."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)


class FirstRun(models.Model):
    """The lock on the set-up: one row, so that two first visits make one administrator (A41)."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=clock.now)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="first_run_once")]

    def __str__(self) -> str:
        return "set up" if self.completed_at else "waiting for the first administrator"
