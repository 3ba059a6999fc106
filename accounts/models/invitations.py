"""Who has been invited and has not come yet."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models

from accounts.models.teams import Membership, Team
from accounts.models.users import ROLES
from core import clock

LIFE = timedelta(days=7)


class Invitation(models.Model):
    """A place kept for somebody who is not here yet: the mailed token, of which the digest is stored, opens it once.

    `sealed` holds the token encrypted until it has been mailed. `invited_by` is whoever sent it last.
    """

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=120)
    role = models.CharField(max_length=20, choices=ROLES, default="responder")
    team = models.ForeignKey(Team, on_delete=models.SET_NULL, null=True, blank=True, related_name="invitations")
    team_role = models.CharField(max_length=10, choices=Membership.ROLES, default="member")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="invitations_sent")
    digest = models.CharField(max_length=64, unique=True)
    sealed = models.TextField(blank=True, default="")
    made_at = models.DateTimeField(default=clock.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    joined = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_waits_once",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=[role for role, _ in ROLES]), name="invitation_role_known"
            ),
            models.CheckConstraint(
                condition=models.Q(team_role__in=["member", "manager"]), name="invitation_team_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.email})"

    @property
    def owning_team_id(self) -> int | None:
        """The team that the person is to join, whose managers see the invitation."""
        return self.team_id

    @property
    def state(self) -> str:
        """Where it stands now: waiting, expired, joined or revoked."""
        if self.accepted_at is not None:
            return "joined"
        if self.revoked_at is not None:
            return "revoked"
        return "waiting" if self.expires_at > clock.now() else "expired"
