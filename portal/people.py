"""Whom a person can turn to: the managers of the own teams, those who keep the process, the administrators."""

from __future__ import annotations

from accounts.actors import Actor
from accounts.models import Membership
from accounts.queries import administrators, process_owners

MOST = 6


def who_grants(actor: Actor) -> list[str]:
    """Names with what they are, nearest first; in three queries, asked only where something was refused."""
    if actor.user is None:
        return []
    mine = Membership.objects.filter(user=actor.user).values("team")
    managing = Membership.objects.filter(team__in=mine, role=Membership.MANAGER, user__is_active=True)
    managing = managing.exclude(user=actor.user).select_related("user", "team").order_by("team__name", "user__name")
    found = [f"{each.user.name}, manager of {each.team.name}" for each in managing[:MOST]]
    found += [f"{each.name}, process owner" for each in process_owners().exclude(pk=actor.user.pk)[:MOST]]
    found += [f"{each.name}, administrator" for each in administrators().exclude(pk=actor.user.pk)[:MOST]]
    return found[:MOST]
