"""Views of the list that people keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models import Team
from core import clock


class SavedView(models.Model):
    """A query under a name; with a team its members see it too (TRI-04)."""

    name = models.CharField(max_length=40)
    query = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="saved_views")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_view_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int | None:
        """The team that shares it; None where it is its owner's alone."""
        return self.team_id
