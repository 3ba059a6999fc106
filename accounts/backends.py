"""Who a session belongs to: the person and his or her teams, read together, since every page asks for both."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import F

from accounts.models import User


class PeopleBackend(ModelBackend):
    """Django's own backend, which reads a person with the team roles in one query."""

    def get_user(self, user_id: Any) -> User | None:
        """The active person, who knows his or her teams already (`team_roles`)."""
        roles = {"in_team": F("memberships__team_id"), "in_role": F("memberships__role")}
        rows: list[Any] = list(User.objects.filter(pk=user_id).annotate(**roles).order_by("memberships__pk"))
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        found: User = rows[0]
        found.remember_teams({row.in_team: row.in_role for row in rows if row.in_team is not None})
        return found
