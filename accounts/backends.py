"""Who a session belongs to: the person with his or her teams and the rule on second factors, read in one query."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import F, Subquery

from accounts.models import Organisation, User

RULE = Subquery(Organisation.objects.filter(id=1).values("staff_factor")[:1])


class PeopleBackend(ModelBackend):
    """Django's own backend, which reads a person with the team roles in one query."""

    def get_user(self, user_id: Any) -> User | None:
        """The active person, who knows his or her teams already (`team_roles`)."""
        more = {"in_team": F("memberships__team_id"), "in_role": F("memberships__role"), "rule": RULE}
        rows: list[Any] = list(User.objects.filter(pk=user_id).annotate(**more).order_by("memberships__pk"))
        if not rows or not self.user_can_authenticate(rows[0]):
            return None
        found: User = rows[0]
        found.remember_teams({row.in_team: row.in_role for row in rows if row.in_team is not None})
        found.remember_rule(rows[0].rule is not False)  # on until an administrator has said otherwise
        return found
