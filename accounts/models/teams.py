"""Teams and who is in them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower, Now

from core import clock


class Team(models.Model):
    """A group of people that owns services, schedules and policies."""

    name = models.CharField(max_length=80)
    description = models.TextField(blank=True, default="")
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def owning_team_id(self) -> int:
        """A team owns itself."""
        return self.pk


class Membership(models.Model):
    """A person's place in a team, since when."""

    MEMBER, MANAGER = "member", "manager"
    ROLES = ((MEMBER, "Member"), (MANAGER, "Manager"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=ROLES, default=MEMBER)
    since = models.DateTimeField(default=clock.now, db_default=Now(), editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "team"], name="member_once"),
            models.CheckConstraint(condition=models.Q(role__in=["member", "manager"]), name="member_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"

    @property
    def owning_team_id(self) -> int:
        """The team whose list this row stands in."""
        return self.team_id
